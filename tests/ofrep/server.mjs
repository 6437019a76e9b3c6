// Starts tests/ofrep/server.py and makes the few admin calls that the Node tests need.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const words = (settings) => Object.entries(settings).map(([name, value]) => `${name}=${value}`);

/** Settings are variables, such as { PENNON_BASE_PATH: '/flags' }. */
export async function startServer(settings = {}) {
  const script = fileURLToPath(new URL('server.py', import.meta.url));
  const child = spawn('python3', [script, ...words(settings)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  async function nextLine(what) {
    const { value, done } = await lines.next();
    if (!done) return JSON.parse(value);
    throw new Error(`the server did not ${what} (exit code ${(await exited)[0]})`);
  }
  const info = await nextLine('start');
  const project = `${info.address}/api/v1/projects/${info.project}`;
  const configuration = (flag) => `${project}/flags/${flag}/environments/${info.environment}`;

  async function call(method, url, body, headers = {}) {
    const answer = await fetch(url, {
      method,
      headers: { authorization: `Bearer ${info.apiToken}`, 'content-type': 'application/json', ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${text}`);
    return { headers: answer.headers, text };
  }

  async function act(flag, action, body) {
    const etag = (await call('GET', configuration(flag))).headers.get('etag');
    await call('POST', `${configuration(flag)}/${action}`, body, { 'if-match': etag });
  }

  async function command(...line) {
    child.stdin.write(`${line.join(' ')}\n`);
    await nextLine(line[0]);
  }

  async function newClientKey(origins = []) {
    const body = { kind: 'client', name: 'another page', environment: info.environment, origins };
    const { id, secret } = JSON.parse((await call('POST', `${project}/keys`, body)).text);
    return { secret, revoke: () => call('DELETE', `${project}/keys/${id}`) };
  }

  return {
    ...info,
    newClientKey,
    /** SIGKILL. */
    kill: () => command('kill'),
    /** SIGTERM, and its end. */
    stop: () => command('stop'),
    /** The same address, the same data; ready when this returns. */
    start: (more = {}) => command('start', ...words(more)),
    switch: (flag, on) => act(flag, on ? 'on' : 'off'),
    rollout: (flag, percentage, variant) => act(flag, 'rollout', { percentage, variant }),
    async close() {
      child.stdin.end();
      const [code] = await exited;
      if (code !== 0) throw new Error(`the server ended with ${code}`);
    },
  };
}
