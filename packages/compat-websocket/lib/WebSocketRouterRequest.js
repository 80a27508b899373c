'use strict';

module.exports = require('../dist/router-request.js').WebSocketRouterRequest;
