/**
 * Requests to the server: where they go, what they carry, and how their failures read. Must not send the key or a
 * context anywhere but to the address that was given: a redirect is an error, since a browser would not show where to.
 */

/** Where to, with which key, and by what. */
export interface Wire {
  /** Without a slash at its end. */
  readonly url: string;
  readonly key: string;
  readonly fetch: typeof fetch;
}

/** How long an answer may take, streams excepted: as long as the server gives itself. */
export const ANSWER_MS = 30_000;

/** More than a body. */
export interface Extra {
  readonly headers?: Readonly<Record<string, string>>;
  /** The request outlives the page. Browsers carry 64 KiB of such bodies at once. */
  readonly keepalive?: boolean;
}

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
