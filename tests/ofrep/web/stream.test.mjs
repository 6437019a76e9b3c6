// The same web provider with an EventSource, as a browser has one: changes are pushed, nothing is polled.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { EventSource } from 'eventsource';
import { ClientProviderEvents, OpenFeature, ProviderStatus } from '@openfeature/web-sdk';
import { OFREPWebProvider } from '@openfeature/ofrep-web-provider';
import { startServer } from '../server.mjs';

const WAIT_MS = 15_000; // every wait ends with its condition

let server;

const within = (what, promise) => {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${WAIT_MS} ms: ${what}`)), WAIT_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
};

async function bulk(targetingKey = 'u') {
  const answer = await fetch(`${server.address}/ofrep/v1/evaluate/flags`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.clientKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ context: { targetingKey } }),
  });
  assert.equal(answer.status, 200);
  return answer.json();
}

/** The first message of a stream: its id and its data. No header but Last-Event-ID, as a browser. */
async function firstMessage(uri, lastEventId) {
  const aborter = new AbortController();
  const headers = { accept: 'text/event-stream', ...(lastEventId ? { 'last-event-id': lastEventId } : {}) };
  const answer = await fetch(new URL(uri, server.address), { headers, signal: aborter.signal });
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-type'), /^text\/event-stream/);
  let text = '';
  const decoder = new TextDecoder();
  try {
    for await (const chunk of answer.body) {
      text += decoder.decode(chunk, { stream: true });
      const event = text.split(/\r?\n\r?\n/).slice(0, -1).find((block) => /^data:/m.test(block));
      if (event) return { id: event.match(/^id: ?(.*)$/m)?.[1], data: JSON.parse(event.match(/^data: ?(.*)$/m)[1]) };
    }
  } finally {
    aborter.abort();
  }
  throw new Error(`the stream ended: ${text}`);
}

before(async () => {
  server = await startServer();
  globalThis.EventSource = EventSource;
});
afterEach(() => OpenFeature.clearProviders());
after(async () => {
  delete globalThis.EventSource;
  await server?.close();
});

test('every bulk answer names one stream, the same for a key whoever the user is', async () => {
  const [stream, ...others] = (await bulk()).eventStreams;
  assert.deepEqual(others, []);
  assert.equal(stream.type, 'sse');
  assert.match(stream.endpoint.requestUri, /^\//);
  await server.switch('flip', true);
  assert.deepEqual((await bulk('somebody else')).eventStreams, [stream]);
  await server.switch('flip', false);
});

test('a flip is pushed, and the provider asks once', async () => {
  const asked = [];
  const domain = 'pushed';
  await OpenFeature.setContext(domain, { targetingKey: 'u' });
  const provider = new OFREPWebProvider({
    baseUrl: server.address,
    headers: [['Authorization', `Bearer ${server.clientKey}`]],
    cacheMode: 'disabled',
    fetchImplementation: (request, options) => (asked.push(request.url), fetch(request, options)),
  });
  await OpenFeature.setProviderAndWait(domain, provider);
  const client = OpenFeature.getClient(domain);
  for (const on of [true, false]) {
    const changed = new Promise((resolve) =>
      client.addHandler(ClientProviderEvents.ConfigurationChanged, (event) => resolve(event.flagsChanged)),
    );
    await server.switch('flip', on);
    assert.deepEqual(await within('a pushed change', changed), ['flip']);
    assert.equal(client.getBooleanValue('flip', !on), on);
  }
  assert.equal(client.providerStatus, ProviderStatus.READY);
  assert.ok(asked.length <= 4, `asked ${asked.length} times`); // at the start, twice for the flips, once on connecting
});

test('a change between the answer and the opening of its stream is not lost', async () => {
  // A provider does not ask again when its stream opens: the stream itself has to say where it stands.
  const [stream] = (await bulk()).eventStreams;
  await server.switch('flip', true);
  const message = await within('a first message', firstMessage(stream.endpoint.requestUri));
  assert.equal(message.data.type, 'refetchEvaluation');
  assert.match(message.id, /^\d+-\d+$/);
  await server.switch('flip', false);
});

test('a stream that was interrupted tells of what it missed', async () => {
  const [stream] = (await bulk()).eventStreams;
  const uri = stream.endpoint.requestUri;
  const { id } = await within('a first message', firstMessage(uri));
  await server.switch('flip', true);
  const missed = await within('the missed change', firstMessage(uri, id));
  assert.equal(missed.data.type, 'refetchEvaluation');
  assert.notEqual(missed.id, id);
  await server.switch('flip', false);
});

test('a stream of a spoilt address is refused', async () => {
  const [stream] = (await bulk()).eventStreams;
  const answer = await fetch(new URL(`${stream.endpoint.requestUri}x`, server.address));
  assert.ok([401, 403, 404].includes(answer.status), `${answer.status}`);
});
