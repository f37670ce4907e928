// SPDX-License-Identifier: Apache-2.0
// Clients with packages that the project did not write: `stream URL` reads Server-Sent Events with the
// package eventsource, `publish URL` sends events with the SDK of CloudEvents in each mode, `receive`
// takes web hooks with it, `validate URL` checks a description of the interface. One line of JSON for each thing that happens. The command line begins with
// the folder of packages.
'use strict';
const http = require('http');
const path = require('path');

const [packages, what, url] = process.argv.slice(2);
const say = (thing) => process.stdout.write(JSON.stringify(thing) + '\n');

function stream() {
  const EventSource = require(path.join(packages, 'eventsource'));
  const source = new EventSource(url);
  source.onopen = () => say({ open: true });
  source.onmessage = (message) => say({ id: message.lastEventId, event: JSON.parse(message.data) });
  source.addEventListener('gap', (message) => say({ id: message.lastEventId, gap: JSON.parse(message.data) }));
  source.addEventListener('ended', (message) => {
    say({ ended: JSON.parse(message.data) });
    source.close();
  });
}

async function publish() {
  const { CloudEvent, HTTP } = require(path.join(packages, 'cloudevents'));
  const send = async (mode, message) => {
    const answer = await fetch(url, { method: 'POST', headers: message.headers, body: message.body });
    say({ mode, status: answer.status, answer: await answer.json() });
  };
  const event = (id, subject = 'ünï code') => new CloudEvent({ id, type: '{urn:sdk}made', source: '/sdk',
    subject, datacontenttype: 'application/json', data: { from: 'sdk', id }, colour: 'red' });
  // In headers the SDK does not encode what is not ASCII, as the binding demands.
  await send('binary', HTTP.binary(event('binary', 'a subject')));
  await send('structured', HTTP.structured(event('structured')));
  const batch = JSON.stringify([event('batch-1').toJSON(), event('batch-2').toJSON()]);
  await send('batch', { headers: { 'content-type': 'application/cloudevents-batch+json' }, body: batch });
}

function receive() {
  const { HTTP } = require(path.join(packages, 'cloudevents'));
  const server = http.createServer((request, response) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => {
      const body = Buffer.concat(parts).toString('utf8');
      if (request.method === 'OPTIONS') {
        response.setHeader('WebHook-Allowed-Origin', '*');
      } else {
        try {
          const events = [HTTP.toEvent({ headers: request.headers, body })].flat();
          // With its own check of each: all attributes that CloudEvents asks for, of the right types.
          for (const event of events) say({ valid: event.validate(), event });
        } catch (error) {
          say({ valid: false, why: error.message, headers: request.headers });
        }
      }
      response.end();
    });
  });
  server.listen(0, '127.0.0.1', () => say({ port: server.address().port }));
}

async function validate() {
  const { Validator } = await import(path.join(packages, '@seriousme/openapi-schema-validator/index.js'));
  const document = await (await fetch(url)).json();
  say({ verdict: await new Validator().validate(document), version: document.openapi });
}

({ stream, publish, receive, validate })[what]();
