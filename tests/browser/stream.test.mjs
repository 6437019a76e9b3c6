// A page of another origin holds the event stream that the bulk answer names: changes are pushed to it, and nothing polls.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { startServer } from '../ofrep/server.mjs';
import { launch, openPage, servePages, until } from './browser.mjs';

const AN_HOUR = 3_600_000;
const INACTIVITY_MS = 120_000; // what every bulk answer names
const DRAIN_MS = 10_000; // how long a node that ends waits for requests: streams are not to be waited for

let browser, pages, otherPages, server;
const opened = new Set();

before(async () => {
  browser = await launch();
  [pages, otherPages] = [await servePages(), await servePages()];
  server = await startServer();
});
beforeEach(() => server.switch('flip', false));
afterEach(async () => {
  for (const it of opened) await it.close();
  opened.clear();
});
after(async () => {
  await Promise.all([browser?.close(), pages?.close(), otherPages?.close(), server?.close()]);
});

async function open(origin = pages.origin, options) {
  const it = await openPage(browser, origin, options);
  opened.add(it);
  return it;
}

/** A page whose provider is ready, and whose stream has said where it stands. */
async function listening({ to = server, key = to.clientKey, clock = false, ...options } = {}) {
  const it = await open(pages.origin, { clock });
  assert.equal(await it.connect({ baseUrl: to.address, key, cacheMode: 'disabled', ...options }), undefined);
  await until('a first message', () => it.messages().length >= 1, () => it.answers);
  return it;
}

async function sees(it, on) {
  await until(`flip is ${on} on the page`, async () => (await it.isOn('flip')) === on, () => [it.pushed, it.answers]);
}

async function flip(it, on, where = server) {
  await where.switch('flip', on);
  await sees(it, on);
}

/** Every bulk request but the first was asked for by a pushed message, which it names. */
function nothingPolled(it) {
  const pushed = it.messages().map(({ data }) => data.etag);
  const [first, ...later] = it.bulks.map((query) => query.get('flagConfigEtag'));
  assert.equal(first, null);
  for (const etag of later) assert.ok(pushed.includes(etag), `${etag} was asked for, and pushed were ${pushed}`);
  assert.ok(later.length <= pushed.length, `${later.length} requests after ${pushed.length} messages`);
}

async function streamsAre(count, where = server) {
  const gauge = /^pennon_streams\{kind="ofrep"\} (\d+)$/m;
  await until(`${count} streams are open`, async () => {
    const text = await (await fetch(`${where.address}/metrics`)).text();
    return Number(text.match(gauge)?.[1] ?? 'NaN') === count;
  });
}

test('a flip reaches the page through its one stream, and nothing polls', async () => {
  const it = await listening({ clock: true });
  await flip(it, true);
  await it.page.clock.fastForward(AN_HOUR); // a timer that polled would fire now
  await flip(it, false);
  nothingPolled(it);
  assert.equal(it.streams.length, 1);
  assert.deepEqual(await it.page.evaluate(() => app.changes.filter((keys) => keys.length > 0)), [['flip'], ['flip']]);
  for (const { id, data } of it.messages()) assert.deepEqual([data.type, data.etag], ['refetchEvaluation', id]);
  assert.equal(await it.status(), 'READY');
});

test('a flip during the opening of the stream is not lost', async () => {
  const it = await open();
  const connected = it.connect({ baseUrl: server.address, key: server.clientKey, cacheMode: 'disabled' });
  await until('the bulk request was answered', () => it.answers.some(({ method, url }) => method === 'POST' && url.startsWith(server.address)));
  await server.switch('flip', true);
  assert.equal(await connected, undefined);
  await sees(it, true);
  nothingPolled(it);
});

test('the page sees a flip after the node was killed and started again', async () => {
  const it = await listening();
  await flip(it, true);
  const last = it.messages().at(-1).id;
  await server.kill();
  await until('the page knows that its stream broke', async () => (await it.status()) === 'STALE');
  await server.start();
  await flip(it, false);
  nothingPolled(it);
  const headers = await it.streams.at(-1).request.allHeaders();
  assert.equal(headers['last-event-id'], last, 'the browser told where it had been');
  await flip(it, true);
  nothingPolled(it);
  await streamsAre(1);
});

test('the page sees a flip after a graceful restart, which said goodbye', async () => {
  const it = await listening();
  await flip(it, true);
  const began = Date.now();
  await server.stop();
  assert.ok(Date.now() - began < DRAIN_MS / 2, 'streams hold up no restart');
  await until('goodbye', () => it.pushed.some(({ event }) => event === 'goodbye'), () => it.pushed);
  const goodbye = it.pushed.find(({ event }) => event === 'goodbye').data;
  assert.equal(goodbye.reason, 'draining');
  assert.ok(Number.isInteger(goodbye.reconnectAfterMs), JSON.stringify(goodbye));
  await server.start();
  await flip(it, false);
  await flip(it, true);
  nothingPolled(it);
  await streamsAre(1);
});

test('a change while the node could not be reached is told when the page is back', async () => {
  const it = await listening();
  await it.page.context().setOffline(true);
  await until('the page knows that its stream broke', async () => (await it.status()) === 'STALE');
  await server.switch('flip', true);
  await it.page.context().setOffline(false);
  await sees(it, true);
  nothingPolled(it);
});

test('a page that is loaded again starts from its cache, and is told of changes again', async () => {
  const it = await open();
  const connect = () => it.connect({ baseUrl: server.address, key: server.clientKey, cacheMode: 'local-cache-first' });
  assert.equal(await connect(), undefined);
  await flip(it, true);
  await it.page.reload();
  await it.page.waitForFunction(() => globalThis.app !== undefined);
  assert.equal(await connect(), undefined);
  assert.equal(await it.isOn('flip'), true);
  await flip(it, false);
  assert.equal(new Set(it.streams.map(({ url }) => url)).size, 1, 'the address that the cache kept is still the right one');
  await streamsAre(1);
});

test('another user of the page keeps the stream', async () => {
  const it = await listening();
  await it.page.evaluate(() => app.become({ targetingKey: 'u-2' }));
  assert.equal(await it.page.evaluate(() => app.client.getStringValue('beta-panel', '')), 'panel a');
  await flip(it, true);
  assert.equal(it.streams.length, 1);
});

test('a key that is limited to an origin gives that origin a stream, and no other', async () => {
  const { secret: key } = await server.newClientKey([pages.origin]);
  const it = await listening({ key });
  await flip(it, true);
  const stream = it.streams[0].url;

  const other = await open(otherPages.origin);
  assert.match(await other.connect({ baseUrl: server.address, key, cacheMode: 'disabled' }), /Initialization failed/);
  assert.equal(await other.status(), 'FATAL');
  assert.deepEqual(other.streams, []);
  // Nor does the address of the stream help, should somebody pass it on.
  assert.deepEqual(await other.page.evaluate((url) => app.listen(url), stream), { what: 'error', closed: true });
  await until('the refusal', () => other.answers.some(({ url, status }) => url === stream && status === 403), () => other.answers);
});

test('a revoked key ends the stream of its pages, and opens none again', async () => {
  const { secret: key, revoke } = await server.newClientKey();
  const it = await listening({ key });
  await revoke();
  await until('goodbye', () => it.pushed.some(({ event }) => event === 'goodbye'), () => it.pushed);
  assert.equal(it.pushed.find(({ event }) => event === 'goodbye').data.reason, 'key');
  const stream = it.streams[0].url;
  await until('the browser was refused', () => it.answers.some(({ url, status }) => url === stream && status === 401), () => it.answers);
  await streamsAre(0);
});

test('a closed page leaves no stream behind', async () => {
  const two = [await listening(), await listening()];
  await streamsAre(2);
  await two[0].page.close();
  await streamsAre(1);
  await two[1].page.close();
  await streamsAre(0);
});

test('a hidden page gives its stream up after the time that the server names, and catches up when it is shown', async () => {
  const it = await listening({ clock: true });
  await it.show(false);
  await it.page.clock.fastForward(INACTIVITY_MS - 10_000);
  await flip(it, true);
  await streamsAre(1);
  await it.page.clock.fastForward(10_000);
  await streamsAre(0);
  await server.switch('flip', false);
  await it.show(true);
  await sees(it, false);
  await streamsAre(1);
  assert.equal(it.streams.length, 2);
  await flip(it, true);
});

test('below a base path the provider finds its stream there', async () => {
  const below = await startServer({ PENNON_BASE_PATH: '/flags' });
  try {
    assert.match(below.address, /\/flags$/);
    const it = await listening({ to: below });
    for (const on of [true, false]) await flip(it, on, below);
    nothingPolled(it);
    assert.deepEqual(it.streams.map(({ url }) => url.startsWith(`${below.address}/ofrep/v1/event-stream/`)), [true]);
    await it.close();
    opened.delete(it);
    await streamsAre(0, below);
  } finally {
    await below.close();
  }
});

test('a node that can take no more streams says so to the page, which gets one when there is room', async () => {
  const small = await startServer({ PENNON_MAX_STREAMS: '1' });
  try {
    const first = await listening({ to: small });
    const second = await open();
    assert.equal(await second.connect({ baseUrl: small.address, key: small.clientKey, cacheMode: 'disabled' }), undefined);
    assert.equal(await second.isOn('checkout-bool'), true, 'evaluation goes on without a stream');
    const isRefused = ({ url, status }) => url.includes('/event-stream/') && status === 503;
    await until('the second is refused', () => second.answers.some(isRefused), () => second.answers);
    const refused = await second.ask(`${small.address}/api/v1/sdk/client-stream`, { key: small.clientKey, body: { context: {} } });
    assert.deepEqual([refused.status, JSON.parse(refused.body).code], [503, 'too_many_streams']);
    assert.match(refused.retryAfter, /^[1-5]$/);
    await first.close();
    opened.delete(first);
    await until('the second has a stream', () => second.messages().length >= 1, () => second.answers);
    await flip(second, true, small);
    await second.close();
    opened.delete(second);
  } finally {
    await small.close();
  }
});
