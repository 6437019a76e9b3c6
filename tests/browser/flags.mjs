// A page with Pennon's web SDK, and what it did.
import { until } from './browser.mjs';

export const STREAM = '/api/v1/sdk/client-stream';
export const BULK = '/ofrep/v1/evaluate/flags';
export const EVENTS = '/api/v1/sdk/events';

/**
 * A page in a profile of its own. `asked` are the paths of its requests to anybody but its own origin, preflights not counted;
 * `complaints` what it wrote to its console, and errors that nobody caught.
 */
export async function openFlags(browser, url, { clock = false } = {}) {
  const context = await browser.newContext();
  const page = await context.newPage();
  const seen = { asked: [], complaints: [] };
  page.on('request', (request) => {
    const { origin, pathname } = new URL(request.url());
    if (origin !== new URL(url).origin && request.method() !== 'OPTIONS') seen.asked.push(pathname);
  });
  page.on('console', (message) => seen.complaints.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => seen.complaints.push(`${error}`));
  if (clock) await page.clock.install();
  await page.goto(url);
  await page.waitForFunction(() => globalThis.app !== undefined);
  const it = Object.assign(seen, {
    page,
    start: (options) => page.evaluate((given) => app.start(given), options),
    status: () => page.evaluate(() => app.status()),
    shown: () => page.locator('output').innerText(),
    call: (name, ...values) => page.evaluate(([member, given]) => app.flags[member](...given), [name, values]),
    /** How often it asked for this path. */
    count: (path) => seen.asked.filter((one) => one === path).length,
    is: (state) => until(`the page is ${state}`, async () => (await it.status()).state === state, it.status),
    sees: (text) => until(`the page shows "${text}"`, async () => (await it.shown()) === text, () => seen),
    close: () => context.close(),
  });
  return it;
}

/** Waits until so many client streams are open on the server. */
export async function streamsAre(server, count) {
  const gauge = /^pennon_streams\{kind="client"\} (\d+)$/m;
  await until(`${count} streams are open`, async () => {
    const text = await (await fetch(`${server.address}/metrics`)).text();
    return Number(text.match(gauge)?.[1] ?? 'NaN') === count;
  });
}
