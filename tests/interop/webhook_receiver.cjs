// SPDX-License-Identifier: Apache-2.0
// A receiver of web hooks with the library that the Standard Webhooks project publishes. It keeps what
// it gets, over HTTP/1.1 and, over TLS, over HTTP/2; POST /verify {"secret": S} or {"public": P} answers
// what the library, or for P Node itself, says of each request. The command line has the folder of
// packages, and for TLS the names of its key, certificate and of the authority of its clients.
'use strict';
const crypto = require('crypto');
const fs = require('fs');
const http = require('http');
const http2 = require('http2');
const path = require('path');

const [packages, key, cert, ca] = process.argv.slice(2);
const { Webhook } = require(path.join(packages, 'standardwebhooks'));
const seen = [];

function verdict(request, { secret, public: shown }) {
  try {
    if (secret) {
      new Webhook(secret).verify(request.body.toString('utf8'), request.headers);
      return 'good';
    }
    const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'),
                               Buffer.from(shown.replace(/^whpk_/, ''), 'base64')]);
    const verifier = crypto.createPublicKey({ key: der, format: 'der', type: 'spki' });
    const head = `${request.headers['webhook-id']}.${request.headers['webhook-timestamp']}.`;
    const text = Buffer.concat([Buffer.from(head), request.body]);
    const signatures = request.headers['webhook-signature'].split(' ');
    return signatures.some((one) => one.startsWith('v1a,') &&
      crypto.verify(null, text, verifier, Buffer.from(one.slice(4), 'base64'))) ? 'good' : 'bad';
  } catch (error) {
    return error.message;
  }
}

function answer(request, body) {
  const asked = request.url === '/verify' ? JSON.parse(body) : null;
  if (asked)
    return JSON.stringify(seen.map((each) => ({ id: each.headers['webhook-id'], version: each.version,
      type: each.headers['content-type'], signature: each.headers['webhook-signature'],
      octets: each.body.length, session: each.session, client: each.client,
      body: each.body.length < 4096 ? each.body.toString('utf8') : '', verdict: verdict(each, asked) })));
  const peer = request.stream && request.stream.session ? request.stream.session : request.socket;
  peer.number = peer.number || (answer.sessions = (answer.sessions || 0) + 1);
  const tls = request.stream && request.stream.session ? request.stream.session.socket : request.socket;
  const shown = tls.getPeerCertificate ? tls.getPeerCertificate() : {};
  seen.push({ headers: request.headers, body, version: request.httpVersion, session: peer.number,
    client: shown.subject ? shown.subject.CN : '' });
  const challenge = request.headers['webhook-id'] && request.headers['webhook-id'].startsWith('challenge-');
  return challenge ? JSON.parse(body).challenge : '';
}

function handle(request, response) {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    if (request.method === 'OPTIONS') {
      response.writeHead(405);
      return response.end();
    }
    const text = answer(request, Buffer.concat(parts));
    response.writeHead(200, { 'content-type': 'text/plain' });
    response.end(text);
  });
}

const server = key ? http2.createSecureServer({ key: fs.readFileSync(key), cert: fs.readFileSync(cert),
  ca: fs.readFileSync(ca), requestCert: true, rejectUnauthorized: true, allowHTTP1: true }, handle)
  : http.createServer(handle);
const control = http.createServer(handle);
server.listen(0, '127.0.0.1', () => control.listen(0, '127.0.0.1', () =>
  console.log(JSON.stringify({ port: server.address().port, control: control.address().port }))));
