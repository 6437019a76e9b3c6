// A proxy before the server, which writes down what passes, and can hold a stream's bytes back as some proxies do.
import { once } from 'node:events';
import { createServer, request as ask } from 'node:http';

const STREAM = '/api/v1/sdk/client-stream';

/** `passed` are requests, as they were sent: method, path, body; and the status and the text of their answer so far. */
export async function startProxy(target) {
  const passed = [];
  const held = new Set();
  const upstreams = new Set();
  let isHolding = false;

  async function pass(request, response) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const note = { method: request.method, path: request.url, body: body.toString(), status: 0, answer: '' };
    passed.push(note);
    const upstream = ask(new URL(request.url, target), { method: request.method, headers: request.headers });
    upstreams.add(upstream);
    response.on('close', () => upstream.destroy());
    upstream.on('error', () => response.destroy());
    upstream.on('response', (answer) => {
      note.status = answer.statusCode;
      answer.on('error', () => response.destroy());
      const forward = () => {
        response.writeHead(answer.statusCode, answer.headers);
        answer.on('data', (chunk) => (note.answer += chunk)).pipe(response);
      };
      if (isHolding && request.method === 'POST' && request.url === STREAM) held.add(forward);
      else forward();
    });
    upstream.end(body);
  }

  const server = createServer((request, response) => void pass(request, response).catch(() => response.destroy()));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `http://127.0.0.1:${server.address().port}`,
    passed,
    to: (path) => passed.filter((note) => note.method === 'POST' && note.path.split('?')[0] === path),
    /** Gives no byte of a stream on, from now on. */
    hold: () => (isHolding = true),
    /** Gives on what was held back, and holds nothing any more. */
    release() {
      isHolding = false;
      for (const forward of held) forward();
      held.clear();
    },
    async close() {
      for (const upstream of upstreams) upstream.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
