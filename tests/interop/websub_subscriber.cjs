// SPDX-License-Identifier: Apache-2.0
// A subscriber of WebSub with the package pubsubhubbub. The command line: the folder of packages, the
// topic, its hub. It subscribes; each line of its input is a command: subscribe, unsubscribe, or stop.
// One line of JSON for each thing that happens.
'use strict';
const crypto = require('crypto');
const path = require('path');

const [packages, topic, hub] = process.argv.slice(2);
const { createServer } = require(path.join(packages, 'pubsubhubbub'));
const say = (thing) => process.stdout.write(JSON.stringify(thing) + '\n');

const subscriber = createServer({ secret: 'a secret of the subscriber', leaseSeconds: 600 });
const own = subscriber.secret;
// The package sends a secret that it derives from its own for each topic, and checks with its own.
const sent = crypto.createHmac('sha1', own).update(topic).digest('hex');

function ask(mode) {
  subscriber.secret = own;
  subscriber[mode](topic, hub, (error) => say({ asked: mode, error: error ? `${error.message}: ${error.responseBody}` : null }));
  subscriber.secret = sent;
}

for (const what of ['subscribe', 'unsubscribe', 'denied'])
  subscriber.on(what, (data) => say({ verified: what, topic: data.topic, seconds: data.lease ? data.lease - Math.round(Date.now() / 1000) : 0 }));
// Only what has a good signature comes here.
subscriber.on('feed', (data) => say({
  feed: JSON.parse(data.feed.toString('utf8')), topic: data.topic, hub: data.hub,
  type: data.headers['content-type'], signature: data.headers['x-hub-signature'],
  number: data.headers['sense-number'] }));
subscriber.on('listen', () => {
  subscriber.callbackUrl = `http://127.0.0.1:${subscriber.server.address().port}/cb?own=1`;
  say({ listening: subscriber.callbackUrl, secret: sent });
});
subscriber.listen(0, '127.0.0.1');
require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
  if (line === 'stop') process.exit(0);
  ask(line);
});
