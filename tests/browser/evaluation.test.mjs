// A page of another origin asks: evaluation with a client key, and what the browser lets its script see.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startServer } from '../ofrep/server.mjs';
import { launch, openPage, servePages } from './browser.mjs';

const BULK = '/ofrep/v1/evaluate/flags';
const NOWHERE = 'postgres://nobody@127.0.0.1:1/nothing'; // a database that never answers

let browser, pages, server;

before(async () => {
  browser = await launch();
  pages = await servePages();
  server = await startServer();
});
after(async () => {
  await Promise.all([browser?.close(), pages?.close(), server?.close()]);
});

const open = (options) => openPage(browser, pages.origin, options);
const asking = (key, more = {}) => ({ key, body: { context: { targetingKey: 'u' } }, ...more });
/** Another character at this place. */
const spoilt = (key, at) => key.slice(0, at) + (key[at] === 'x' ? 'y' : 'x') + key.slice(at + 1);
const otherSecret = (key) => spoilt(key, key.length - 1);
const otherSelector = (key) => spoilt(key, key.lastIndexOf('_') - 1);

test('a page from another origin evaluates flags of every type with a client key', async () => {
  const it = await open();
  assert.notEqual(new URL(server.address).origin, pages.origin);
  const context = { targetingKey: 'u-1', org: { plan: 'pro' }, seats: 12 };
  assert.equal(await it.connect({ baseUrl: server.address, key: server.clientKey, context }), undefined);
  const got = await it.page.evaluate(() => ({
    boolean: app.client.getBooleanValue('checkout-bool', false),
    string: app.client.getStringValue('button-colour', ''),
    number: app.client.getNumberValue('ratio', 0),
    object: app.client.getObjectValue('theme', {}).nested,
    target: app.client.getStringDetails('beta-panel', '').reason,
    hidden: app.client.getBooleanDetails('server-only', false).errorCode,
  }));
  assert.deepEqual(got, {
    boolean: true,
    string: '#0f0 é 日本',
    number: 0.5,
    object: { deep: true, none: null },
    target: 'TARGETING_MATCH',
    hidden: 'FLAG_NOT_FOUND',
  });
  assert.deepEqual([await it.status(), it.complaints], ['READY', []]);
  await it.close();
});

test('the preflight of a conditional evaluation passes, and its answers show their ETag', async () => {
  const it = await open();
  const url = server.address + BULK;
  const first = await it.ask(url, asking(server.clientKey));
  assert.deepEqual([first.status, typeof first.etag], [200, 'string']);
  const second = await it.ask(url, asking(server.clientKey, { headers: { 'if-none-match': first.etag } }));
  assert.deepEqual(second, { status: 304, etag: first.etag, retryAfter: null, body: '' });
  const preflights = it.answers.filter(({ method }) => method === 'OPTIONS');
  assert.ok(preflights.length >= 1 && preflights.every(({ status }) => status === 200), JSON.stringify(it.answers));
  await it.close();
});

test('where origins are configured, a page of another is shown nothing and gets no stream', async () => {
  const strangers = await servePages();
  const choosy = await startServer({ PENNON_CORS_ORIGINS: pages.origin });
  try {
    const [mine, theirs] = [await open(), await openPage(browser, strangers.origin)];
    const known = await mine.ask(choosy.address + BULK, asking(choosy.clientKey));
    assert.equal(known.status, 200, JSON.stringify(known));
    const stream = new URL(JSON.parse(known.body).eventStreams[0].endpoint.requestUri, choosy.address).href;
    const listen = (it) => it.page.evaluate((url) => app.listen(url), stream);
    assert.deepEqual(await listen(mine), { what: 'open', closed: false });
    assert.match((await theirs.ask(choosy.address + BULK, asking(choosy.clientKey))).refused, /Failed to fetch/);
    assert.deepEqual(await listen(theirs), { what: 'error', closed: true });
    await Promise.all([mine.close(), theirs.close()]);
  } finally {
    await Promise.all([choosy.close(), strangers.close()]);
  }
});

test('a page is shown a 401', async () => {
  const it = await open();
  const refused = await it.ask(server.address + BULK, asking(otherSecret(server.clientKey)));
  assert.equal(refused.status, 401, JSON.stringify(refused));
  assert.ok(JSON.parse(refused.body).errorDetails);
  const failed = await it.connect({ baseUrl: server.address, key: otherSecret(server.clientKey) });
  assert.match(failed, /Initialization failed/);
  assert.equal(await it.status(), 'FATAL');
  await it.close();
});

test('a page is shown a 403, and its provider fails for good', async () => {
  const it = await open();
  const { secret: limited } = await server.newClientKey(['https://shop.example']);
  const refused = await it.ask(server.address + BULK, asking(limited));
  assert.equal(refused.status, 403, JSON.stringify(refused));
  assert.match(await it.connect({ baseUrl: server.address, key: limited }), /Initialization failed/);
  assert.equal(await it.status(), 'FATAL');
  await it.close();
});

test('a page is shown a 429, and when to come back', async () => {
  // 60 a minute, of which 6 may come at once.
  const strict = await startServer({ PENNON_CLIENT_KEY_REQUESTS_PER_MINUTE: '60' });
  try {
    const it = await open();
    const answers = [];
    for (let n = 0; n < 12; n += 1) answers.push(await it.ask(strict.address + BULK, asking(strict.clientKey)));
    const refused = answers.find(({ status }) => status !== 200);
    assert.equal(refused?.status, 429, JSON.stringify(answers.at(-1)));
    assert.match(refused.retryAfter, /^[1-9]\d*$/);
    await it.close();
  } finally {
    await strict.close();
  }
});

test('a page is shown a 503, and when to come back', async () => {
  // Without its database a node still answers the keys it knows, and cannot tell about another.
  const alone = await startServer();
  try {
    await alone.stop();
    await alone.start({ PENNON_DATABASE_URL: NOWHERE });
    const it = await open();
    assert.equal((await it.ask(alone.address + BULK, asking(alone.clientKey))).status, 200);
    const refused = await it.ask(alone.address + BULK, asking(otherSelector(alone.clientKey)));
    assert.equal(refused.status, 503, JSON.stringify(refused));
    assert.match(refused.retryAfter, /^[1-9]\d*$/);
    await it.close();
  } finally {
    await alone.close();
  }
});
