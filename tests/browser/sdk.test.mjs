// Pennon's web SDK on a page of another origin than the server's: from the first paint to the last change.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { startServer } from '../ofrep/server.mjs';
import { launch, servePages, until, WAIT_MS } from './browser.mjs';
import { BULK, EVENTS, openFlags, STREAM, streamsAre } from './flags.mjs';
import { startProxy } from './proxy.mjs';
import { createClient } from '../../sdk/typescript/dist/esm/server/index.js';

/** Longer than a poll waits, shorter than a stream may be silent. */
const A_WHILE = 40_000;
/** How long a hidden page keeps its stream, and as much of it as a busy machine may take to look. */
const HIDDEN_MS = 120_000;
const A_MOMENT = 60_000;
const context = { targetingKey: 'u-1' };

let browser, pages, server, url;
const rendered = {};
const opened = new Set();

before(async () => {
  browser = await launch();
  pages = await servePages(rendered);
  server = await startServer();
  url = `${pages.origin}/page/sdk.html`;
});
beforeEach(() => server.switch('flip', false));
afterEach(async () => {
  for (const it of opened) await it.close();
  opened.clear();
});
after(async () => {
  await Promise.all([browser?.close(), pages?.close(), server?.close()]);
});

async function open(at = url, options) {
  const it = await openFlags(browser, at, options);
  opened.add(it);
  return it;
}

const options = (more = {}) => ({ url: server.address, key: server.clientKey, context, events: false, ...more });

async function flip(it, on, where = server) {
  await where.switch('flip', on);
  await it.sees(`flip is ${on ? 'on' : 'off'}`);
}

test('a flip reaches the page through its one connection, nothing polls, and the console stays empty', async () => {
  const it = await open(url, { clock: true });
  await it.start(options());
  await it.is('ready');
  await flip(it, true);
  await it.page.clock.fastForward(A_WHILE);
  await flip(it, false);
  assert.deepEqual(it.asked, [STREAM]);
  assert.deepEqual(it.complaints, []);
  const { changes, states } = await it.page.evaluate(() => ({ ...app }));
  assert.deepEqual(changes.slice(1), [['flip'], ['flip']]);
  assert.deepEqual(states, ['starting', 'ready']);
  const { source, revision } = await it.status();
  assert.equal(source, 'stream');
  assert.match(revision, /^\d+-\d+$/);
});

test('a page evaluates flags of every type, and is told why', async () => {
  const it = await open();
  await it.start(options({ context: { targetingKey: 'u-3', org: { plan: 'pro' }, seats: 12 } }));
  await it.is('ready');
  const ask = (key, fallback) => it.call('details', key, fallback);
  assert.equal((await ask('checkout-bool', false)).value, true);
  assert.equal((await ask('button-colour', '')).value, '#0f0 é 日本');
  assert.equal((await ask('ratio', 0)).value, 0.5);
  assert.deepEqual((await ask('theme', {})).value.nested, { deep: true, none: null });
  assert.deepEqual((await ask('theme', {})).metadata, { owner: 'design', wave: 2, public: true });
  const panel = await ask('beta-panel', '');
  assert.deepEqual([panel.value, panel.variant, panel.reason], ['panel b', 'b', 'TARGETING_MATCH']);
  const own = await ask('code-decides', 'mine');
  assert.deepEqual([own.value, own.variant, own.reason], ['mine', undefined, 'DISABLED']);
  assert.equal((await ask('ratio', '')).errorCode, 'TYPE_MISMATCH');
  assert.equal((await ask('server-only', false)).errorCode, 'FLAG_NOT_FOUND');
});

test('a page whose server is away paints at once what it had, and goes on when the server is back', async () => {
  const own = await startServer();
  try {
    const it = await open();
    await it.page.evaluate((given) => app.startAlways(given), options({ url: own.address, key: own.clientKey }));
    await it.is('ready');
    await flip(it, true, own);
    await own.stop();
    await it.page.reload();
    await it.page.waitForFunction(() => globalThis.app?.flags !== undefined);
    const first = await it.page.evaluate(() => app.first);
    assert.deepEqual([first.on, first.source, first.state], [true, 'cache', 'stale']);
    assert.equal(await it.shown(), 'flip is on');
    await own.start();
    await it.is('ready');
    await flip(it, false, own);
    // The browser's own lines tell of requests; ours of one outage, begun and ended.
    const said = it.complaints.filter((line) => line.includes('pennon:'));
    assert.match(said.join('\n'), /^warning: pennon: .*\ninfo: pennon: .*$/s);
  } finally {
    await own.close();
  }
});

test('another user of the page has other results, and the old stream is closed', async () => {
  const it = await open();
  await it.start(options());
  await it.is('ready');
  assert.equal(await it.call('value', 'beta-panel', ''), 'panel a');
  assert.equal(await it.call('setContext', { targetingKey: 'u-9' }), true);
  assert.equal(await it.call('value', 'beta-panel', ''), 'none');
  await streamsAre(server, 1);
  await flip(it, true);
  assert.equal(it.count(STREAM), 2);
  // Back again: the cache has it, before the stream does.
  await it.call('setContext', context, {});
  assert.equal(await it.call('value', 'beta-panel', ''), 'panel a');
  assert.deepEqual(it.complaints, []);
});

test('a page that a server rendered starts from what it rendered, and the stream tells it nothing new', async () => {
  const renderer = createClient({ url: server.address, key: server.serverKey, events: false });
  try {
    await server.switch('flip', true);
    await until('the renderer knows', async () => (await renderer.ready()) && renderer.isEnabled('flip', context));
    rendered['/rendered'] = () => {
      const json = JSON.stringify(options({ bootstrap: renderer.bootstrap(context) })).replaceAll('<', '\\u003c');
      const head = '<!doctype html><title>x</title><link rel="icon" href="data:,">';
      const map = '<script type="importmap">{"imports": {"@pennon/sdk/web": "/sdk/web/index.js"}}</script>';
      const script = '<script type="module" src="/page/sdk.mjs"></script>';
      return `${head}${map}<script type="application/json">${json}</script><output></output>${script}`;
    };
    const it = await open(`${pages.origin}/rendered`);
    const first = await it.page.evaluate(() => app.first);
    assert.deepEqual([first.on, first.source], [true, 'bootstrap']);
    await it.is('ready');
    assert.deepEqual(await it.page.evaluate(() => app.changes), [], "the renderer's results are the stream's");
    await flip(it, false);
    assert.deepEqual(it.complaints, []);
  } finally {
    await renderer.close();
  }
});

test('when a rotated key ends, the page serves on, says so once, and goes on with the new key', async () => {
  const keys = `${server.address}/api/v1/projects/${server.project}/keys`;
  const headers = { authorization: `Bearer ${server.apiToken}`, 'content-type': 'application/json' };
  const post = async (address, body) => (await fetch(address, { method: 'POST', headers, body: JSON.stringify(body) })).json();
  const old = await post(keys, { kind: 'client', name: 'to be rotated', environment: server.environment });
  const it = await open();
  await it.start(options({ key: old.secret, backoffMaxMs: 200 }));
  await flip(it, true);
  const { secret: key } = await post(`${keys}/${old.id}/rotate`, { overlapSeconds: 1 });
  await it.is('stale');
  await until('three attempts', () => it.count(STREAM) >= 4);
  assert.equal(await it.call('isEnabled', 'flip'), true);
  assert.match((await it.status()).lastError, /401/);
  assert.equal(it.complaints.filter((line) => line.startsWith('error: pennon: ')).length, 1);
  await it.call('close');
  await streamsAre(server, 0);
  await it.start(options({ key }));
  await it.is('ready');
  await flip(it, false);
});

test('a key for other origins is refused, and the page serves its defaults', async () => {
  const { secret: key } = await server.newClientKey(['https://shop.example']);
  const it = await open();
  await it.start(options({ key, startWaitMs: 300 }));
  assert.equal(await it.call('ready'), false);
  await until('the refusal', async () => /403/.test((await it.status()).lastError ?? ''), it.status);
  assert.equal(await it.call('isEnabled', 'flip', true), true);
});

test('a proxy that holds the stream back is polled through, until it lets a byte of a stream pass', async () => {
  const proxy = await startProxy(server.address);
  try {
    proxy.hold();
    const it = await open();
    await it.start(options({ url: proxy.address, streamWaitMs: 300, pollIntervalMs: 200 }));
    await it.is('ready');
    assert.equal((await it.status()).source, 'poll');
    await flip(it, true);
    await until('an answer that nothing has changed', () => proxy.to(BULK).some(({ status }) => status === 304));
    proxy.release();
    await until('the stream', async () => (await it.status()).source === 'stream', it.status);
    await flip(it, false);
    assert.deepEqual(it.complaints, []);
  } finally {
    await proxy.close();
  }
});

test('a graceful restart of the server is no outage', async () => {
  const own = await startServer();
  try {
    const it = await open();
    await it.start(options({ url: own.address, key: own.clientKey, backoffMinMs: 100 }));
    await it.is('ready');
    await own.stop();
    await own.start();
    await flip(it, true, own);
    await streamsAre(own, 1);
  } finally {
    await own.close();
  }
});

test('a hidden page keeps its stream for two minutes by default', async () => {
  const it = await open(url, { clock: true });
  // The page's clock runs ahead of the server's heartbeats, so silence is not to count here.
  await it.start(options({ readTimeoutMs: 3_600_000 }));
  await it.is('ready');
  const show = (visible) =>
    it.page.evaluate((state) => {
      Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => state });
      document.dispatchEvent(new Event('visibilitychange'));
    }, visible ? 'visible' : 'hidden');
  await show(false);
  await it.page.clock.fastForward(HIDDEN_MS - A_MOMENT);
  await flip(it, true);
  await streamsAre(server, 1);
  await it.page.clock.fastForward(A_MOMENT);
  await streamsAre(server, 0);
  await server.switch('flip', false);
  await show(true);
  await it.sees('flip is off');
  assert.equal(it.count(STREAM), 2);
});

test('a worker has flags too', async () => {
  const it = await open();
  await it.page.evaluate((given) => {
    app.said = [];
    app.worker = new Worker('/page/worker.mjs', { type: 'module' });
    app.worker.onmessage = ({ data }) => app.said.push(data);
    app.worker.onerror = ({ message }) => app.said.push({ message });
    app.worker.postMessage(given);
  }, options());
  const said = (what) => it.page.evaluate((name) => app.said.findLast((one) => name in one), what);
  await until('the worker is ready', () => said('ready'), () => it.complaints);
  assert.deepEqual(await said('ready'), { ready: true, on: false });
  await server.switch('flip', true);
  await until('the worker sees the flip', async () => (await said('source'))?.on === true);
  assert.deepEqual([(await said('source')).source, it.complaints], ['stream', []]);
});

test('a page where nothing can be kept works all the same', async () => {
  const it = await open();
  await it.page.evaluate(() => {
    Object.defineProperty(globalThis, 'localStorage', {
      get() {
        throw new DOMException('denied', 'SecurityError');
      },
    });
  });
  await it.start(options());
  await flip(it, true);
  assert.deepEqual(it.complaints, []);
});

test('what a page evaluates, is exposed to and measures reaches the server, once', async () => {
  const flag = `${server.address}/api/v1/projects/${server.project}/flags/max-items/environments/${server.environment}`;
  const headers = { authorization: `Bearer ${server.apiToken}`, 'content-type': 'application/json' };
  const version = (await fetch(flag, { headers })).headers.get('etag');
  const rule = { id: 'arm', serve: { variant: 'many' }, track: { run: 'r-1', arm: 'candidate' } };
  const body = JSON.stringify([{ add: rule }]);
  const made = await fetch(`${flag}/rules`, { method: 'POST', headers: { ...headers, 'if-match': version }, body });
  assert.equal(made.status, 200);

  const proxy = await startProxy(server.address);
  try {
    const it = await open();
    await it.start(options({ url: proxy.address, events: true }));
    await it.is('ready');
    for (const _ of [1, 2]) await it.call('value', 'max-items', 0);
    await it.call('track', 'checkout_error');
    await it.call('track', 'latency_ms', 12.5);
    await it.call('flush');
    const [batch, ...more] = proxy.to(EVENTS);
    assert.deepEqual([batch.status, JSON.parse(batch.answer), more], [200, { accepted: 4, refused: [] }, []]);
    const { events } = JSON.parse(batch.body);
    const kinds = events.map(({ kind }) => kind);
    assert.deepEqual(kinds, ['summary', 'exposure', 'track', 'track'], 'no word of the instance, and one exposure');
    const { at, ...exposure } = events[1];
    assert.ok(Math.abs(Date.parse(at) - Date.now()) < WAIT_MS, at);
    const met = { run: 'r-1', arm: 'candidate', unit: 'u-1' };
    assert.deepEqual(exposure, { kind: 'exposure', flag: 'max-items', variant: 'many', ...met });
    assert.deepEqual(it.complaints, []);
  } finally {
    await proxy.close();
  }
});
