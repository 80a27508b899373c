'use strict';

// By hand, as `websocket` has it: named imports find every name, and a default import is the whole, in Node and in
// bundlers alike. A compiled module would be marked as one, and would then have no default.
const api = require('./dist/index.js');

exports.client = api.client;
exports.connection = api.connection;
exports.deprecation = api.deprecation;
exports.frame = api.frame;
exports.request = api.request;
exports.router = api.router;
exports.server = api.server;
exports.version = api.version;
exports.w3cwebsocket = api.w3cwebsocket;
