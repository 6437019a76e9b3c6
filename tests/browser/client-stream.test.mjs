// The stream of our own web SDK, read with fetch by a page of another origin: the server evaluates, the page is told results.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startServer } from '../ofrep/server.mjs';
import { launch, openPage, servePages, until } from './browser.mjs';

let browser, pages, server, it;

before(async () => {
  browser = await launch();
  pages = await servePages();
  server = await startServer();
  it = await openPage(browser, pages.origin);
});
after(async () => {
  await Promise.all([browser?.close(), pages?.close(), server?.close()]);
});

const path = '/api/v1/sdk/client-stream';

/** Opens one and gives a function that tells what has come of it. */
async function follow(context, key = server.clientKey) {
  const stream = await it.page.evaluateHandle(([url, given]) => app.follow(url, given), [server.address + path, { key, body: { context } }]);
  return () => stream.evaluate((now) => ({ ...now }));
}

async function event(told, name, count = 1) {
  const of = (all) => all.filter((one) => one.event === name);
  let now;
  await until(`${count} × ${name}`, async () => of((now = await told()).events).length >= count, () => now);
  return of(now.events)[count - 1];
}

const flip = (entry) => [entry.key, entry.value, entry.variant, entry.reason];

test('a page reads its results, and then those that a flip changed', async () => {
  const told = await follow({ targetingKey: 'u-1' });
  const put = await event(told, 'put');
  const head = await told();
  assert.equal(head.status, 200);
  assert.match(head.type, /^text\/event-stream/);
  assert.ok(head.comments >= 1, 'a comment came at once');
  assert.equal(put.id, `${put.data.epoch}-${put.data.revision}`);
  assert.equal(put.data.flags['beta-panel'].value, 'panel a', 'evaluated for this user');
  assert.deepEqual(flip(put.data.flags.flip), ['flip', false, 'off', 'DISABLED']);
  assert.ok(!('server-only' in put.data.flags), 'a client key is not told of it');

  await server.switch('flip', true);
  const patch = await event(told, 'patch');
  assert.deepEqual([patch.data.from, patch.data.revision], [put.data.revision, put.data.revision + 1]);
  assert.equal(patch.id, `${patch.data.epoch}-${patch.data.revision}`);
  assert.deepEqual(Object.keys(patch.data.flags), ['flip']);
  assert.deepEqual(flip(patch.data.flags.flip), ['flip', true, 'on', 'STATIC']);

  await server.switch('flip', false);
  const next = await event(told, 'patch', 2);
  assert.deepEqual([next.data.from, next.data.flags.flip.value], [patch.data.revision, false]);
  assert.equal((await told()).ended, '');
});

test('the preflight of the stream passes', () => {
  const asked = it.answers.filter(({ method, url }) => method === 'OPTIONS' && url === server.address + path);
  assert.ok(asked.length >= 1 && asked.every(({ status }) => status === 200), JSON.stringify(it.answers));
});

test('a page is shown why it gets no stream', async () => {
  const wrong = await it.ask(server.address + path, { key: `${server.clientKey}x`, body: { context: {} } });
  assert.deepEqual([wrong.status, JSON.parse(wrong.body).status], [401, 401]);
  const { secret } = await server.newClientKey(['https://shop.example']);
  const elsewhere = await it.ask(server.address + path, { key: secret, body: { context: {} } });
  assert.deepEqual([elsewhere.status, JSON.parse(elsewhere.body).status], [403, 403]);
});

test('a page with a client key is not given the rules', async () => {
  for (const rules of ['/api/v1/sdk/snapshot', '/api/v1/sdk/stream']) {
    const answer = await it.ask(server.address + rules, { key: server.clientKey, method: 'GET' });
    assert.equal(answer.status, 403, JSON.stringify(answer));
  }
});

test('a restart ends the stream with a goodbye, and a new one starts from the whole again', async () => {
  const told = await follow({ targetingKey: 'u' });
  const before = await event(told, 'put');
  await server.stop();
  const goodbye = await event(told, 'goodbye');
  assert.equal(goodbye.data.reason, 'draining');
  await until('the stream has ended', async () => (await told()).ended === 'closed');
  await server.start();
  const put = await event(await follow({ targetingKey: 'u' }), 'put');
  assert.deepEqual(put.data, before.data);
});
