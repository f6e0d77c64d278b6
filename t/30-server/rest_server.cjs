// A REST server for tests that others have written: rest_server.cjs FILE PORT DIRECTORY, json-server as it comes over
// a file of JSON, on 127.0.0.1, until its standard input ends.
'use strict';
const jsonServer = require('json-server');

const [file, port] = process.argv.slice(2);
const app = jsonServer.create();
app.use(jsonServer.defaults({ logger: false }));
app.use(jsonServer.router(file));
app.listen(Number(port), '127.0.0.1');
process.stdin.on('end', () => process.exit(0)).resume();
