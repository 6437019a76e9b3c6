// Pennon's web SDK on a page that is truly hidden, shown, left, come back to and closed.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { startServer } from '../ofrep/server.mjs';
import { servePages, until } from './browser.mjs';
import { EVENTS, STREAM, streamsAre } from './flags.mjs';
import { startProxy } from './proxy.mjs';
import { openBrowser } from './window.mjs';

/** Instead of two minutes. */
const HIDDEN_MS = 400;

let browser, pages, proxy, server, url;
const opened = new Set();

before(async () => {
  browser = await openBrowser();
  pages = await servePages({ '/elsewhere': () => '<!doctype html><title>elsewhere</title><script>app = {}</script>' });
  server = await startServer();
  proxy = await startProxy(server.address);
  url = `${pages.origin}/page/sdk.html`;
});
beforeEach(async () => {
  await server.switch('flip', false);
  proxy.passed.length = 0;
});
afterEach(async () => {
  for (const it of opened) await it.close();
  opened.clear();
  await streamsAre(server, 0);
});
after(async () => {
  await Promise.all([browser?.close(), pages?.close(), proxy?.close()]);
  await server?.close();
});

/** A window whose page has its first results. */
async function open(more = {}) {
  const it = await browser.open(url);
  opened.add(it);
  const context = { targetingKey: 'u-1' };
  const options = { url: proxy.address, key: server.clientKey, context, hiddenAfterMs: HIDDEN_MS, events: false, ...more };
  await it.call((given) => app.start(given), options);
  await it.shows(() => app.flags.status().state === 'ready');
  return it;
}

const isOn = () => document.querySelector('output').value === 'flip is on';

test('a page that is hidden gives its stream up after its time, and catches up when it is shown', async () => {
  const it = await open();
  await it.hide();
  await streamsAre(server, 0);
  assert.equal((await it.evaluate(() => ({ ...app.flags.status() }))).state, 'stale');
  await server.switch('flip', true);
  await it.show();
  await it.shows(isOn);
  assert.equal(proxy.to(STREAM).length, 2);
});

test('a page that is hidden for less keeps its stream, and sees flips meanwhile', async () => {
  const it = await open({ hiddenAfterMs: 120_000 });
  await it.hide();
  await server.switch('flip', true);
  await it.shows(isOn);
  await it.show();
  assert.equal(proxy.to(STREAM).length, 1);
});

test('a page that somebody goes back to is the one that was left, and hears of changes again', async () => {
  const it = await open();
  await it.evaluate(() => {
    app.isTheSame = true;
    addEventListener('pageshow', ({ persisted }) => (app.persisted = persisted));
  });
  await it.go(`${pages.origin}/elsewhere`);
  await it.shows(() => document.title === 'elsewhere');
  await streamsAre(server, 0);
  await server.switch('flip', true);
  await it.evaluate(() => history.back());
  await it.shows(isOn);
  assert.deepEqual(await it.evaluate(() => [app.isTheSame, app.persisted]), [true, true], 'kept by the browser as it was');
  await streamsAre(server, 1);
});

test('what a page has to tell leaves when it is hidden, and when it is closed', async () => {
  const it = await open({ events: true });
  const told = () => proxy.to(EVENTS).flatMap(({ body }) => JSON.parse(body).events);
  const metrics = () => told().flatMap(({ metric }) => metric ?? []);
  await it.evaluate(() => app.flags.track('before-hidden'));
  await it.hide();
  await until('the first batch', () => metrics().includes('before-hidden'));
  await it.show();
  await it.evaluate(() => app.flags.flush()); // one batch is under way at a time
  await it.evaluate(() => app.flags.track('before-left'));
  await it.go(`${pages.origin}/elsewhere`);
  await until('the second batch', () => metrics().includes('before-left'));

  const other = await open({ events: true });
  await other.evaluate(() => app.flags.track('before-closed'));
  await other.close();
  opened.delete(other);
  await until('the last batch', () => metrics().includes('before-closed'));
  const batches = proxy.to(EVENTS).map(({ body }) => JSON.parse(body));
  assert.equal(new Set(batches.map(({ session }) => session)).size, 2, 'a session for each page');
});
