var fs = require('node:fs');
var http = require('node:http');
var path = require('node:path');
var WebSocketServer = require('websocket').server;

var page = fs.readFileSync(path.join(__dirname, 'index.html'));

var httpServer = http.createServer((request, response) => {
  if (request.url !== '/') {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(page);
});

var wsServer = new WebSocketServer({
  httpServer: httpServer,
  // Anybody's page could connect otherwise: look at who asks, then accept.
  autoAcceptConnections: false,
});

var connections = [];

function isFromOurPage(request) {
  return request.origin === `http://${request.host}`;
}

wsServer.on('request', (request) => {
  if (!isFromOurPage(request)) {
    request.reject(403, 'this page may not connect');
    return;
  }
  var connection = request.accept('broadcast', request.origin);
  connections.push(connection);
  console.log(`joined: ${connections.length} connected`);

  connection.on('message', (message) => {
    if (message.type !== 'utf8') return;
    connections.forEach((other) => {
      other.send(message.utf8Data);
    });
  });

  connection.on('close', () => {
    connections.splice(connections.indexOf(connection), 1);
    console.log(`left: ${connections.length} connected`);
  });
});

httpServer.listen(process.env.PORT || 8080, '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${httpServer.address().port}/`);
});
