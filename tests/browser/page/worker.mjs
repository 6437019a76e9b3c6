// A worker with a client of its own: no window, no document, no localStorage.
import { createClient } from '/sdk/web/index.js';

addEventListener('message', async ({ data }) => {
  const flags = createClient(data);
  flags.onChange('flip', () => postMessage({ on: flags.isEnabled('flip'), ...flags.status() }));
  await flags.ready();
  postMessage({ ready: true, on: flags.isEnabled('flip') });
});
