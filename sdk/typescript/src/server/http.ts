/**
 * One HTTP request, by Node's own client: `fetch` would keep the process alive as long as a stream is open, and
 * frameworks replace it by one that caches. Follows redirects to the same origin only, since a request carries a key.
 */
import { request as plainRequest, type Agent, type ClientRequest, type IncomingMessage } from "node:http";
import { request as secureRequest } from "node:https";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { Watchdog } from "./watchdog.js";
import type { World } from "./world.js";

export interface Call {
  readonly method: "GET" | "POST";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Until the request is on its way: name, connection, TLS. */
  readonly connectTimeoutMs: number;
  /** From there to the answer's head. */
  readonly answerTimeoutMs: number;
  readonly signal: AbortSignal;
  readonly agent: Agent | undefined;
  /** Called once the request is on its way. */
  readonly sent?: () => void;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: IncomingMessage;
}

/** No answer, and why: words and codes of the system, nothing of the request. */
export class NoAnswer extends Error {}

/** How many redirects are followed: one for a slash, one for a renamed path, and some more. */
const MAX_REDIRECTS = 5;
const KEEPS_METHOD = [307, 308];
const BECOMES_GET = [301, 302, 303];

/** Sends a request, and gives the answer once its head is there. Throws `NoAnswer`. */
export async function send(call: Call, world: World): Promise<Answer> {
  let { url } = call;
  for (let followed = 0; ; followed += 1) {
    const answer = await attempt(call, url, world);
    const target = redirect(call, answer, url);
    if (target === undefined) return answer;
    answer.body.destroy();
    if (target.origin !== url.origin)
      throw new NoAnswer(`a redirect to another origin (${target.origin}) is not followed`);
    if (followed === MAX_REDIRECTS) throw new NoAnswer("too many redirects");
    url = target;
  }
}

function redirect(call: Call, answer: Answer, from: URL): URL | undefined {
  const followed =
    KEEPS_METHOD.includes(answer.status) || (call.method === "GET" && BECOMES_GET.includes(answer.status));
  const { location } = answer.headers;
  return followed && location !== undefined && URL.canParse(location, from) ? new URL(location, from) : undefined;
}

function attempt(call: Call, url: URL, world: World): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const open = url.protocol === "https:" ? secureRequest : plainRequest;
    const { method, headers, signal } = call;
    // Without an agent that is passed in, each request has a connection of its own: they are few and far between.
    const request = open(url, { method, headers, signal, agent: call.agent ?? false });
    const late = (what: string, ms: number) =>
      world.after(ms, () => request.destroy(new NoAnswer(`${what} took longer than ${ms} ms`)));
    let cancel = late("connecting", call.connectTimeoutMs);
    letGo(request);
    const waits = () => {
      cancel();
      cancel = late("the answer", call.answerTimeoutMs);
      call.sent?.();
    };
    request.once("finish", waits);
    request.once("response", (body) => {
      request.off("finish", waits);
      cancel();
      resolve({ status: body.statusCode ?? 0, headers: body.headers, body });
    });
    request.on("error", (error) => {
      cancel();
      reject(new NoAnswer(reasonOf(error)));
    });
    request.end(call.body);
  });
}

/** The connection keeps no process alive; also the next one, when the system tries one address after the other. */
function letGo(request: ClientRequest): void {
  request.on("socket", (socket) => {
    socket.unref();
    socket.once("lookup", () => socket.unref());
    socket.once("connect", () => socket.unref());
  });
}

/** Why something failed: the system's code, or the words of an error of our own. */
export function reasonOf(error: unknown): string {
  if (error instanceof NoAnswer) return error.message;
  if (error instanceof Error) return (error as NodeJS.ErrnoException).code ?? error.name;
  return "unknown";
}

/**
 * Reads an answer's body as text, decompressed. It may hold at most `maxBytes`, and be silent for `silenceMs`. Throws
 * `NoAnswer`.
 */
export async function readText(answer: Answer, maxBytes: number, silenceMs: number, world: World): Promise<string> {
  const { body } = answer;
  const watchdog = new Watchdog(world, silenceMs, () => body.destroy(new NoAnswer("the answer fell silent")));
  try {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of decompressed(answer)) {
      watchdog.feed();
      size += (chunk as Buffer).length;
      if (size > maxBytes) throw new NoAnswer(`the answer is larger than ${maxBytes} bytes`);
      chunks.push(chunk as Buffer);
    }
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
  } catch (error) {
    throw new NoAnswer(reasonOf(error));
  } finally {
    watchdog.end();
    body.destroy();
  }
}

function decompressed({ headers, body }: Answer): Readable {
  if (headers["content-encoding"] !== "gzip") return body;
  const gunzip = createGunzip();
  // What fails is told by the iteration.
  pipeline(body, gunzip, () => undefined);
  return gunzip;
}
