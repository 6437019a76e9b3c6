// The page of the API, as a person sees it.
import assert from 'node:assert/strict';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startServer } from '../ofrep/server.mjs';
import { launch } from './browser.mjs';

let browser, server;

before(async () => {
  browser = await launch();
  server = await startServer({ PENNON_BASE_PATH: '/flags' });
});
after(async () => {
  await Promise.all([browser?.close(), server?.close()]);
});

for (const [device, width, height] of [['a desk', 1280, 900], ['a telephone', 390, 844]]) {
  test(`/docs renders on ${device} without a complaint and without a request to another host`, async () => {
    const page = await browser.newPage({ viewport: { width, height } });
    const complaints = [];
    const asked = [];
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(`${error}`));
    page.on('requestfailed', (request) => complaints.push(`${request.url()}: ${request.failure()?.errorText}`));
    page.on('request', (request) => asked.push(request.url()));
    const answer = await page.goto(`${server.address}/docs`, { waitUntil: 'load' });
    assert.equal(answer.status(), 200);
    // With everything unfolded: the widest tables too.
    const shown = await page.evaluate(() => {
      for (const details of document.querySelectorAll('details')) details.open = true;
      const { scrollWidth, clientWidth } = document.documentElement;
      return {
        heading: document.querySelector('h1').innerText,
        sections: document.querySelectorAll('main section').length,
        font: getComputedStyle(document.body).fontFamily,
        tooWide: scrollWidth - clientWidth,
      };
    });
    assert.match(shown.heading, /Pennon/);
    assert.ok(shown.sections >= 5, JSON.stringify(shown));
    assert.match(shown.font, /sans-serif/, "the page's style is in force under its own policy");
    assert.ok(shown.tooWide <= 0, `the page is ${shown.tooWide} px too wide`);
    assert.deepEqual(complaints, []);
    assert.deepEqual(asked.filter((url) => new URL(url).origin !== new URL(server.address).origin), []);
    await screenshot(page, device.replaceAll(' ', '-'));
    // A link of the page leads on, below the base path too.
    await page.click('a[href="openapi.json"]');
    await page.waitForURL(`${server.address}/openapi.json`);
    await page.close();
  });
}

/** Kept only when PENNON_SCREENSHOTS names a folder to look at them in. */
async function screenshot(page, name) {
  const kept = process.env.PENNON_SCREENSHOTS;
  const folder = kept ?? (await mkdtemp(join(tmpdir(), 'pennon-docs.')));
  const path = join(folder, `docs-${name}.png`);
  await page.screenshot({ path });
  assert.ok((await stat(path)).size > 10_000, 'a picture with something on it');
  if (!kept) await rm(folder, { recursive: true });
}
