/**
 * Requests to the server: where they go, what they carry, how long they may take. Must not send the key or a context
 * anywhere but to the address that was given: a redirect is an error, since a browser would not show where it leads.
 */
import type { Clock } from "./clock.js";

/** Where to, with which key, and by what. */
export interface Wire {
  /** Without a slash at its end. */
  readonly url: string;
  readonly key: string;
  readonly fetch: typeof fetch;
}

/** More than a body. */
export interface Extra {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The request outlives the page. Browsers carry 64 KiB of such bodies at once. */
  readonly keepalive?: boolean;
}

/** How long an answer may take: as long as the server gives itself. */
const ANSWER_MS = 30_000;

/** Sends JSON; rejects when no answer came, or the signal ended it. */
export function post(wire: Wire, path: string, body: string, signal: AbortSignal, extra?: Extra): Promise<Response> {
  return wire.fetch(wire.url + path, {
    method: "POST",
    headers: { authorization: `Bearer ${wire.key}`, "content-type": "application/json", ...extra?.headers },
    body,
    signal,
    keepalive: extra?.keepalive ?? false,
    cache: "no-store",
    credentials: "omit",
    redirect: "error",
  });
}

/** An end of its own, which comes with another one too. Ended in every case: the other one may live for long. */
export function endWith(signal: AbortSignal | undefined): AbortController {
  const own = new AbortController();
  signal?.addEventListener(
    "abort",
    () => {
      own.abort();
    },
    { signal: own.signal },
  );
  return own;
}

/** Runs what may take as long as an answer may; undefined when it failed, took longer, or was ended. */
export async function inTime<T>(
  clock: Clock,
  signal: AbortSignal | undefined,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  const end = endWith(signal);
  const cancel = clock.after(ANSWER_MS, () => {
    end.abort();
  });
  try {
    return await run(end.signal);
  } catch {
    return undefined;
  } finally {
    cancel();
    end.abort();
  }
}
