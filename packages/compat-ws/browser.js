'use strict';

module.exports = function WebSocket() {
  throw new Error('ws does not work in the browser. Browser clients must use the native WebSocket object');
};
