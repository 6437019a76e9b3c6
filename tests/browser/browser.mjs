// Headless Chromium, pages of other origins than the server's, and what they send over the wire.
import { readFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { delimiter, extname, join } from 'node:path';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const SERVED = /^\/(page|node_modules\/@openfeature|sdk)\/[\w./-]+$/;
/** The built TypeScript SDK (`npm run build` there), as `/sdk/…`. */
const SDK = join(HERE, '../../sdk/typescript/dist/esm');
const TYPES = { '.html': 'text/html; charset=utf-8', '.mjs': 'text/javascript', '.js': 'text/javascript' };
export const FLAGS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export const WAIT_MS = 30_000; // on a busy machine; every wait ends with its condition
const PACE_MS = 20;

/** Waits until the condition gives something true, and gives that. */
export async function until(what, condition, detail = () => '') {
  for (const deadline = Date.now() + WAIT_MS; ; ) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`not within ${WAIT_MS} ms: ${what} ${JSON.stringify(detail())}`);
    await new Promise((resolve) => setTimeout(resolve, PACE_MS));
  }
}

/** Where Chromium is. */
export function executable() {
  const folders = ['/usr/bin', ...(process.env.PATH ?? '').split(delimiter)];
  const found = folders.map((folder) => join(folder, 'chromium')).find((path) => existsSync(path));
  if (!found) throw new Error('no chromium: install it (Debian: apt-get install chromium)');
  return found;
}

/** Each launch has a new user-data-dir. It runs as root in containers, where Chromium has no sandbox. */
export const launch = () => chromium.launch({ executablePath: executable(), args: FLAGS, chromiumSandbox: false });

/**
 * Serves `page/`, the packages that it imports and the SDK on a port of its own: an origin. `rendered` are pages of a server
 * that renders: functions by path.
 */
export async function servePages(rendered = {}) {
  const server = createServer(async (request, response) => {
    const path = request.url === '/' ? '/page/index.html' : request.url.split('?')[0];
    try {
      if (Object.hasOwn(rendered, path)) {
        response.writeHead(200, { 'content-type': TYPES['.html'] }).end(await rendered[path]());
        return;
      }
      if (!SERVED.test(path) || path.includes('..')) throw new Error('not served');
      const body = await readFile(path.startsWith('/sdk/') ? join(SDK, path.slice('/sdk/'.length)) : join(HERE, path));
      response.writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'text/plain' }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/**
 * A page in a profile of its own, and what it did: `bulks` and `streams` are requests, `pushed` the events of its
 * EventSource as the browser received them, `answers` tells each answer's method, URL and status, preflights included.
 */
export async function openPage(browser, origin, { clock = false } = {}) {
  const context = await browser.newContext();
  const page = await context.newPage();
  const seen = { bulks: [], streams: [], pushed: [], answers: [], complaints: [] };
  page.on('request', (request) => {
    if (request.resourceType() === 'eventsource') seen.streams.push({ url: request.url(), request });
    else if (request.url().includes('/ofrep/v1/evaluate/flags')) seen.bulks.push(new URL(request.url()).searchParams);
  });
  page.on('pageerror', (error) => seen.complaints.push(`${error}`));
  const session = await context.newCDPSession(page);
  session.on('Network.eventSourceMessageReceived', ({ eventName, eventId, data }) =>
    seen.pushed.push({ event: eventName, id: eventId, data: JSON.parse(data) }),
  );
  const methods = new Map();
  session.on('Network.requestWillBeSent', ({ requestId, request }) => methods.set(requestId, request.method));
  session.on('Network.responseReceived', ({ requestId, response: { url, status } }) =>
    seen.answers.push({ method: methods.get(requestId), url, status }),
  );
  await session.send('Network.enable');
  if (clock) await page.clock.install();
  await page.goto(origin);
  await page.waitForFunction(() => globalThis.app !== undefined);
  return Object.assign(seen, {
    page,
    connect: (options) => page.evaluate((given) => app.connect(given), options),
    ask: (url, options) => page.evaluate(([to, given]) => app.ask(to, given), [url, options]),
    status: () => page.evaluate(() => app.status()),
    isOn: (flag) => page.evaluate((key) => app.client.getBooleanValue(key, false), flag),
    show: (visible) => page.evaluate((shown) => app.show(shown), visible),
    messages: () => seen.pushed.filter(({ event }) => event === 'message'),
    close: () => context.close(),
  });
}
