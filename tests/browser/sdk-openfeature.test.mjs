// OpenFeature's web SDK with Pennon's own provider, on a page of another origin than the server's.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startServer } from '../ofrep/server.mjs';
import { launch, servePages, until } from './browser.mjs';
import { BULK, openFlags, STREAM, streamsAre } from './flags.mjs';

let browser, pages, server;

before(async () => {
  browser = await launch();
  pages = await servePages();
  server = await startServer();
});
after(async () => {
  await Promise.all([browser?.close(), pages?.close(), server?.close()]);
});

test('OpenFeature is served, told of changes, and reconciled with another user, over one stream at a time', async () => {
  const it = await openFlags(browser, `${pages.origin}/page/sdk.html`);
  const options = { url: server.address, key: server.clientKey, events: false };
  await it.page.evaluate(async (given) => {
    app.openfeature = await import('/page/openfeature.mjs');
    await app.openfeature.connect({ targetingKey: 'u-1' }, given);
  }, options);
  const ask = () =>
    it.page.evaluate(() => {
      const { client } = app.openfeature;
      return [client.providerStatus, client.getBooleanValue('flip', false), client.getStringValue('beta-panel', '')];
    });
  const told = () => it.page.evaluate(() => app.openfeature.told);
  assert.deepEqual(await ask(), ['READY', false, 'panel a']);

  await server.switch('flip', true);
  const isTold = ([event, flags]) => event === 'CONFIGURATION_CHANGED' && flags.includes('flip');
  await until('OpenFeature is told of the flip', async () => (await told()).some(isTold), told);
  assert.deepEqual(await ask(), ['READY', true, 'panel a']);

  await it.page.evaluate(() => app.openfeature.become({ targetingKey: 'u-9' }));
  assert.deepEqual(await ask(), ['READY', true, 'none']);
  assert.deepEqual([it.count(STREAM), it.count(BULK)], [2, 0]);
  await streamsAre(server, 1);
  await it.page.evaluate(() => app.openfeature.close());
  await streamsAre(server, 0);
  assert.deepEqual(it.complaints, []);
  await it.close();
});
