'use strict';

// By hand, as `index.js` is.
const api = require('./dist/browser.js');

exports.version = api.version;
exports.w3cwebsocket = api.w3cwebsocket;
