// A webhook for tests: webhook_receiver.cjs SECRET PORT DIRECTORY, on 127.0.0.1, until its standard input ends.
//
// Each call becomes a line of JSON in DIRECTORY/received, with what the reference library of Standard Webhooks
// says of its signature. It is answered with the first line of DIRECTORY/answers, which is taken away, while there is
// one: a status, how many bytes follow, and Retry-After; else with 204. While there is DIRECTORY/hold the answer waits.
'use strict';
const fs = require('fs');
const http = require('http');
const path = require('path');
const { Webhook } = require('standardwebhooks');

const [secret, port, directory] = process.argv.slice(2);
const verifier = new Webhook(secret);
const file = (name) => path.join(directory, name);

function answerTake() {
  if (!fs.existsSync(file('answers'))) return [204];
  const [first, ...rest] = fs.readFileSync(file('answers'), 'utf8').split('\n');
  fs.writeFileSync(file('answers'), rest.join('\n'));
  const [status, size, pause] = first.split(' ').map(Number);
  return [status || 204, size, pause];
}

function verdict(body, headers) {
  try {
    verifier.verify(body, headers);
    return 'good';
  } catch (fault) {
    return String(fault.message);
  }
}

function answerSend(response, status, size, pause) {
  if (fs.existsSync(file('hold'))) return setTimeout(answerSend, 50, response, status, size, pause);
  if (pause) response.setHeader('Retry-After', pause);
  response.writeHead(status, status === 302 ? { Location: `http://127.0.0.1:${port}/elsewhere` } : {});
  return response.end(size ? Buffer.alloc(size, 32) : undefined);
}

function callTake(request, response, body) {
  const [status, size, pause] = answerTake();
  const record = { url: request.url, method: request.method, headers: request.headers, body, status,
    verdict: verdict(body, request.headers), at: Date.now() / 1000 };
  fs.appendFileSync(file('received'), `${JSON.stringify(record)}\n`);
  answerSend(response, status, size, pause);
}

http.createServer((request, response) => {
  const pieces = [];
  request.on('data', (piece) => pieces.push(piece));
  request.on('end', () => callTake(request, response, Buffer.concat(pieces).toString()));
}).listen(Number(port), '127.0.0.1');
process.stdin.on('end', () => process.exit(0)).resume();
