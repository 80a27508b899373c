'use strict';

const hawser = require('./dist/index.js');

module.exports = (srv, opts) => new hawser.Server(srv, opts);
module.exports.BroadcastOperator = hawser.BroadcastOperator;
module.exports.IoError = hawser.IoError;
module.exports.Namespace = hawser.Namespace;
module.exports.RemoteSocket = hawser.RemoteSocket;
module.exports.Server = hawser.Server;
module.exports.Socket = hawser.Socket;
