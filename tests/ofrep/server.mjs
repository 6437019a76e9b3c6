// Starts tests/ofrep/server.py and makes the few admin calls that the Node tests need.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export async function startServer() {
  const script = fileURLToPath(new URL('server.py', import.meta.url));
  const child = spawn('python3', [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const line = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    exited.then(([code]) => Promise.reject(new Error(`the server did not start (exit code ${code})`))),
  ]);
  const info = JSON.parse(line[0]);
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
    return answer;
  }

  async function act(flag, action, body) {
    const etag = (await call('GET', configuration(flag))).headers.get('etag');
    await call('POST', `${configuration(flag)}/${action}`, body, { 'if-match': etag });
  }

  return {
    ...info,
    switch: (flag, on) => act(flag, on ? 'on' : 'off'),
    rollout: (flag, percentage, variant) => act(flag, 'rollout', { percentage, variant }),
    async close() {
      child.stdin.end();
      const [code] = await exited;
      if (code !== 0) throw new Error(`the server ended with ${code}`);
    },
  };
}
