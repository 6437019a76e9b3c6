// @openfeature/web-sdk with @openfeature/ofrep-web-provider, which nobody here wrote, against a true
// server: one bulk evaluation, ETags, and changes seen by polling. The provider runs in Node as it does
// in a page; `fetch` is wrapped to see what went over the wire.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { ClientProviderEvents, ErrorCode, OpenFeature, ProviderStatus, StandardResolutionReasons as Reason } from '@openfeature/web-sdk';
import { OFREPWebProvider } from '@openfeature/ofrep-web-provider';
import { startServer } from '../server.mjs';

const WAIT_MS = 10_000; // for a poll of 50 ms on a busy machine; every wait ends with its condition

let server;
let domains = 0;
const storage = new Map();
globalThis.localStorage = {
  getItem: (key) => storage.get(key) ?? null,
  setItem: (key, value) => storage.set(key, value),
  removeItem: (key) => storage.delete(key),
};

/** A fetch that notes each exchange and lets a test wait for one. */
function watchedFetch() {
  const seen = [];
  const waiting = new Set();
  const fetcher = async (request, options) => {
    const answer = await fetch(request, options);
    const body = answer.status === 200 ? await answer.clone().json() : undefined;
    seen.push({
      status: answer.status,
      sent: request.headers.get('if-none-match'),
      etag: answer.headers.get('etag'),
      type: answer.headers.get('content-type'),
      text: answer.status === 304 ? await answer.clone().text() : undefined,
      body,
    });
    for (const check of waiting) check();
    return answer;
  };
  const until = (what, condition) =>
    within(what, (resolve) => {
      const check = () => condition(seen) && (waiting.delete(check), resolve());
      waiting.add(check);
      check();
    });
  return { fetcher, seen, until };
}

function within(what, executor) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not within ${WAIT_MS} ms: ${what}`)), WAIT_MS);
    executor((value) => (clearTimeout(timer), resolve(value)));
  });
}

async function connect(context = {}, { key = server.clientKey, ...options } = {}) {
  const wire = watchedFetch();
  const domain = `test-${(domains += 1)}`;
  const provider = new OFREPWebProvider({
    baseUrl: server.address,
    headers: [['Authorization', `Bearer ${key}`]],
    fetchImplementation: wire.fetcher,
    cacheMode: 'disabled',
    ...options,
  });
  await OpenFeature.setContext(domain, context);
  await OpenFeature.setProviderAndWait(domain, provider);
  return { client: OpenFeature.getClient(domain), domain, provider, ...wire };
}

const outcome = ({ value, variant, reason, errorCode }) => ({ value, variant, reason, errorCode });
const served = (value, variant, reason) => ({ value, variant, reason, errorCode: undefined });

before(async () => {
  server = await startServer();
});
afterEach(async () => {
  await OpenFeature.clearProviders();
  await OpenFeature.clearContexts();
  storage.clear();
});
after(async () => {
  await server?.close();
});

test('one request answers every flag of every type', async () => {
  const { client, seen } = await connect({ targetingKey: 'u-1' });
  assert.deepEqual(outcome(client.getBooleanDetails('checkout-bool', false)), served(true, 'on', Reason.STATIC));
  assert.equal(client.getStringValue('button-colour', ''), '#0f0 é 日本');
  assert.equal(client.getNumberValue('max-items', 0), 3);
  assert.equal(client.getNumberValue('ratio', 0), 0.5);
  assert.equal(client.getNumberValue('whole-ratio', 0), 3);
  assert.deepEqual(client.getObjectValue('theme', {}).sizes, [1, 2.5, 'x']);
  assert.deepEqual(outcome(client.getStringDetails('beta-panel', '')), served('panel a', 'a', Reason.TARGETING_MATCH));
  assert.deepEqual(outcome(client.getBooleanDetails('switched-off', true)), served(false, 'off', Reason.DISABLED));
  assert.equal(seen.length, 1);
  assert.match(seen[0].type, /^application\/json/);
  // fetch asks for gzip, and the tag of a compressed answer is weak.
  assert.match(seen[0].etag, /^W\/"[^"]+"$/);
});

test('the metadata of a flag arrives, and no rule is told to a client key', async () => {
  const { client } = await connect({ targetingKey: 'u-9', org: { plan: 'pro' }, seats: 12 });
  assert.equal(client.getObjectDetails('theme', {}).flagMetadata.owner, 'design');
  const details = client.getStringDetails('beta-panel', '');
  assert.equal(details.value, 'panel b');
  for (const name of ['ruleId', 'cause', 'prerequisite', 'version']) assert.ok(!(name in (details.flagMetadata ?? {})), name);
});

test('where the code decides its default is served without an error', async () => {
  const { client, seen } = await connect({ targetingKey: 'u' });
  for (const mine of ['mine', 'yours']) {
    assert.deepEqual(outcome(client.getStringDetails('code-decides', mine)), served(mine, '', Reason.DISABLED));
  }
  const entry = seen[0].body.flags.find((flag) => flag.key === 'code-decides');
  assert.ok(!('value' in entry));
});

test('a flag that errs does not spoil the others', async () => {
  const { client } = await connect({});
  const failed = client.getStringDetails('half-half', 'mine');
  assert.equal(failed.value, 'mine');
  assert.equal(failed.errorCode, ErrorCode.TARGETING_KEY_MISSING);
  assert.ok(failed.errorMessage);
  assert.equal(client.getBooleanValue('checkout-bool', false), true);
});

test('a missing flag and one that clients may not see are not found', async () => {
  const { client, seen } = await connect({ targetingKey: 'u' });
  for (const flag of ['no-such-flag', 'server-only']) {
    const details = client.getBooleanDetails(flag, false);
    assert.equal(details.value, false);
    assert.equal(details.errorCode, ErrorCode.FLAG_NOT_FOUND);
  }
  assert.ok(seen[0].body.flags.every((flag) => flag.key !== 'server-only'));
  const inside = await connect({ targetingKey: 'u' }, { key: server.serverKey });
  assert.equal(inside.client.getBooleanValue('server-only', false), true);
});

test('another type than the flag has is a mismatch and the default is served', async () => {
  const { client } = await connect({ targetingKey: 'u' });
  const details = client.getStringDetails('checkout-bool', 'mine');
  assert.equal(details.value, 'mine');
  assert.equal(details.errorCode, ErrorCode.TYPE_MISMATCH);
});

test('polls are answered 304 with nothing in them while nothing changes', async () => {
  const { seen, until } = await connect({ targetingKey: 'u' }, { pollInterval: 50 });
  await until('three polls', (all) => all.length >= 4);
  const [first, ...polls] = seen;
  assert.equal(first.status, 200);
  for (const poll of polls) {
    assert.equal(poll.status, 304);
    assert.equal(poll.sent, first.etag);
    assert.equal(poll.etag, first.etag);
    assert.equal(poll.text, '');
  }
});

test('a flip is seen after a poll, and the event names that flag alone', async () => {
  const { client, seen, until } = await connect({ targetingKey: 'u' }, { pollInterval: 50 });
  assert.equal(client.getBooleanValue('flip', true), false);
  for (const on of [true, false]) {
    const changed = within('a configuration change', (resolve) =>
      client.addHandler(ClientProviderEvents.ConfigurationChanged, (event) => resolve(event.flagsChanged)),
    );
    await server.switch('flip', on);
    assert.deepEqual(await changed, ['flip']);
    assert.equal(client.getBooleanValue('flip', !on), on);
    const after = seen.length;
    await until('a 304 under the new ETag', (all) => all.slice(after).some((one) => one.status === 304));
  }
  const etags = [...new Set(seen.filter((one) => one.status === 200).map((one) => one.etag))];
  assert.equal(etags.length, 2, 'flipped back, the answer is the first again, and so is its ETag');
});

test('an edit that changes no answer is a 304', async () => {
  const { seen, until } = await connect({ targetingKey: 'user-42' }, { pollInterval: 50 });
  await server.rollout('new_checkout_flow', 5, 'on');
  const before = seen.length;
  await until('two polls', (all) => all.length >= before + 2);
  const settled = seen.at(-1);
  await server.rollout('new_checkout_flow', 6, 'on'); // the bucket of user-42 is 95791
  const after = seen.length;
  await until('two more polls', (all) => all.length >= after + 2);
  assert.equal(seen.at(-1).status, 304);
  assert.equal(seen.at(-1).etag, settled.etag);
});

test('another user is evaluated at once', async () => {
  const { client, domain, seen } = await connect({ targetingKey: 'u-9' });
  assert.equal(client.getStringValue('beta-panel', ''), 'none');
  await OpenFeature.setContext(domain, { targetingKey: 'u-2' });
  assert.equal(client.getStringValue('beta-panel', ''), 'panel a');
  assert.deepEqual(seen.map((one) => one.status), [200, 200]);
});

test("the same user's new attributes are never answered by the old ETag", async () => {
  // The provider keeps its ETag while the targeting key stays: a validator made of the revision alone
  // would answer 304 here, and the user would keep the old answers.
  const { client, domain, seen } = await connect({ targetingKey: 'u-9' });
  await OpenFeature.setContext(domain, { targetingKey: 'u-9', org: { plan: 'team' }, seats: 10 });
  assert.equal(client.getStringValue('beta-panel', ''), 'panel b');
  assert.deepEqual(seen.map((one) => [one.status, one.sent]), [[200, null], [200, seen[0].etag]]);
});

test('a page that comes back starts from its own cache, and a 304 confirms it', async () => {
  const context = { targetingKey: 'u' };
  const domain = 'returning';
  const wires = [watchedFetch(), watchedFetch()];
  for (const wire of wires) {
    await OpenFeature.clearProviders();
    await OpenFeature.setContext(domain, context);
    const headers = [['Authorization', `Bearer ${server.clientKey}`]];
    await OpenFeature.setProviderAndWait(domain, new OFREPWebProvider({ baseUrl: server.address, headers, fetchImplementation: wire.fetcher }));
    assert.equal(OpenFeature.getClient(domain).getBooleanValue('checkout-bool', false), true);
  }
  await wires[1].until('the refresh', (all) => all.length >= 1);
  assert.equal(wires[1].seen[0].status, 304);
  assert.equal(wires[1].seen[0].sent, wires[0].seen[0].etag);
});

test('two keys never share an ETag', async () => {
  const [a, b] = [await connect({ targetingKey: 'u' }), await connect({ targetingKey: 'u' }, { key: server.serverKey })];
  assert.notEqual(a.seen[0].etag, b.seen[0].etag);
});

test('a wrong key makes the provider fail for good, and defaults are served', async () => {
  for (const key of ['nonsense', `${server.clientKey}x`, server.apiToken]) {
    await assert.rejects(connect({ targetingKey: 'u' }, { key }), /Initialization failed/);
    const client = OpenFeature.getClient(`test-${domains}`);
    assert.equal(client.providerStatus, ProviderStatus.FATAL);
    assert.equal(client.getBooleanValue('checkout-bool', false), false);
  }
});
