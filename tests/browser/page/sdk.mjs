// What a user's page would do with the web SDK, and no more. The tests call `app`; what they have left for the next visit is
// shown before anything can have come from the network.
import { createClient } from '@pennon/sdk/web';

const KEPT = 'options-of-the-page';

const app = {
  changes: [],
  states: [],
  /** Makes the page's client, and shows `flip` at once and whenever it changes. */
  start(options) {
    const flags = createClient(options);
    app.flags = flags;
    app.first = { on: flags.isEnabled('flip'), ...flags.status() };
    app.states.push(app.first.state);
    const show = () => (document.querySelector('output').value = `flip is ${flags.isEnabled('flip') ? 'on' : 'off'}`);
    flags.onStatus(({ state }) => app.states.push(state));
    flags.onAnyChange(({ flags: keys }) => app.changes.push(keys));
    flags.onChange('flip', show);
    show();
  },
  /** As `start`, and at each visit from now on, until the page's storage is emptied. */
  startAlways(options) {
    sessionStorage.setItem(KEPT, JSON.stringify(options));
    app.start(options);
  },
  status: () => ({ ...app.flags.status() }),
};
globalThis.app = app;

const rendered = document.querySelector('script[type="application/json"]');
const options = rendered?.textContent ?? sessionStorage.getItem(KEPT);
if (options) app.start(JSON.parse(options));
