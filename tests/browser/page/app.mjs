// What a user's page would do, and no more: the web SDK with the OFREP provider, as published. The tests call `app`.
import { ClientProviderEvents, OpenFeature } from '@openfeature/web-sdk';
import { OFREPWebProvider } from '@openfeature/ofrep-web-provider';

const DOMAIN = 'page';
const client = OpenFeature.getClient(DOMAIN);
const changes = [];
client.addHandler(ClientProviderEvents.ConfigurationChanged, (event) => changes.push(event.flagsChanged));

/** The error's text when the provider failed, else undefined. */
async function connect({ baseUrl, key, context = { targetingKey: 'u' }, ...options }) {
  const headers = [['Authorization', `Bearer ${key}`]];
  await OpenFeature.setContext(DOMAIN, context);
  try {
    await OpenFeature.setProviderAndWait(DOMAIN, new OFREPWebProvider({ baseUrl, headers, ...options }));
  } catch (error) {
    return `${error}`;
  }
}

/** Another user, or other attributes. */
const become = (context) => OpenFeature.setContext(DOMAIN, context);

/** What a script of the page is shown of an answer; `refused` when the browser shows it nothing. */
async function ask(url, { key, body, headers = {}, method = 'POST' }) {
  try {
    const answer = await fetch(url, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const header = (name) => answer.headers.get(name);
    return { status: answer.status, etag: header('etag'), retryAfter: header('retry-after'), body: await answer.text() };
  } catch (error) {
    return { refused: `${error}` };
  }
}

/** An event stream read with fetch: `events` grows, `ended` tells how it came to an end. */
async function follow(url, { key, body }) {
  const stream = { status: 0, type: '', comments: 0, events: [], ended: '' };
  const answer = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  stream.status = answer.status;
  stream.type = answer.headers.get('content-type');
  (async () => {
    let text = '';
    for (const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader(); ; ) {
      const { value, done } = await reader.read();
      if (done) return;
      const blocks = (text + value).split('\n\n');
      text = blocks.pop();
      for (const block of blocks) note(stream, block.split('\n'));
    }
  })().then(
    () => (stream.ended = 'closed'),
    (error) => (stream.ended = `${error}`),
  );
  return stream;
}

function note(stream, lines) {
  const field = (name) => lines.find((line) => line.startsWith(`${name}:`))?.slice(name.length + 1).trim();
  if (lines.some((line) => line.startsWith(':'))) stream.comments += 1;
  if (field('data')) stream.events.push({ event: field('event'), id: field('id'), data: JSON.parse(field('data')) });
}

/** A bare EventSource: which of its events came first, and whether the browser gave up. */
function listen(url) {
  const source = new EventSource(url);
  return new Promise((resolve) => {
    const settle = (what) => resolve({ what, closed: source.readyState === EventSource.CLOSED });
    source.onopen = () => settle('open');
    source.onerror = () => settle('error');
  }).finally(() => source.close());
}

/** As when the user turns to another tab: a headless browser has no window that could be covered. */
function show(visible) {
  Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => (visible ? 'visible' : 'hidden') });
  document.dispatchEvent(new Event('visibilitychange'));
}

globalThis.app = { client, changes, connect, become, ask, follow, listen, show, status: () => client.providerStatus };
