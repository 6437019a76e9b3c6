// Chromium with nobody in between: Playwright keeps every page focused and visible, so a page that is to be hidden, left or
// come back to is driven through the browser's own protocol, over a pipe.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { executable, FLAGS, until } from './browser.mjs';

/** Sends commands, each answered once; what else the browser says is not listened to. */
class Pipe {
  #answers = new Map();
  #last = 0;
  #text = '';

  constructor(child) {
    this.toBrowser = child.stdio[3];
    child.stdio[4].setEncoding('utf8').on('data', (chunk) => this.#take(chunk));
  }

  send(method, params = {}, sessionId = undefined) {
    const id = (this.#last += 1);
    this.toBrowser.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return new Promise((resolve, reject) => this.#answers.set(id, { resolve, reject }));
  }

  #take(chunk) {
    const messages = (this.#text + chunk).split('\0');
    this.#text = messages.pop();
    for (const { id, error, result } of messages.map((message) => JSON.parse(message))) {
      const answer = this.#answers.get(id);
      this.#answers.delete(id);
      if (error) answer?.reject(new Error(error.message));
      else answer?.resolve(result);
    }
  }
}

/** A browser of its own, with windows that can be minimised. */
export async function openBrowser() {
  const profile = await mkdtemp(join(tmpdir(), 'pennon-window.'));
  const options = ['--headless=new', '--no-sandbox', '--remote-debugging-pipe', `--user-data-dir=${profile}`];
  const child = spawn(executable(), [...FLAGS, ...options], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'exit');
  const pipe = new Pipe(child);
  return {
    open: (url) => openWindow(pipe, url),
    async close() {
      child.kill('SIGKILL');
      await ended;
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function openWindow(pipe, url) {
  const { targetId } = await pipe.send('Target.createTarget', { url, newWindow: true });
  const { sessionId } = await pipe.send('Target.attachToTarget', { targetId, flatten: true });
  const { windowId } = await pipe.send('Browser.getWindowForTarget', { targetId });
  const windowState = (state) => pipe.send('Browser.setWindowBounds', { windowId, bounds: { windowState: state } });
  /** Evaluates in the page, and gives what comes of it. */
  async function evaluate(script) {
    const what = { expression: `(${script})()`, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = await pipe.send('Runtime.evaluate', what, sessionId);
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }
  /** As `evaluate`, with one value that is passed along. */
  const call = (script, value) => evaluate(`() => (${script})(${JSON.stringify(value)})`);
  const shows = async (script) => until(`${script}`, () => evaluate(script).catch(() => false));
  await shows(() => globalThis.app !== undefined);
  return {
    evaluate,
    call,
    shows,
    async hide() {
      await windowState('minimized');
      await shows(() => document.visibilityState === 'hidden');
    },
    async show() {
      await windowState('normal');
      await shows(() => document.visibilityState === 'visible');
    },
    go: (to) => pipe.send('Page.navigate', { url: to }, sessionId),
    close: () => pipe.send('Target.closeTarget', { targetId }),
  };
}
