/**
 * Reads server-sent events (WHATWG HTML, section 9.2.6) from bytes as they come. A reader belongs to one connection, so
 * that a character which a broken connection cut in two cannot spoil the next one. It does no IO and knows no timer.
 * Ids are not kept: the data of Pennon's events says where they belong.
 */

/** Characters of one event: half of what a string can hold; a snapshot is far below. */
const MAX_EVENT_CHARS = 2 ** 28;

export interface ServerEvent {
  /** What `event:` says, `message` when it says nothing. */
  readonly type: string;
  readonly data: string;
}

export class EventReader {
  /** What the last `retry:` said, in milliseconds. */
  retryMs: number | undefined;

  #maxChars: number;
  #decoder = new TextDecoder("utf-8", { fatal: true });
  #line = "";
  #afterReturn = false;
  #type = "";
  #data: string[] = [];
  #chars = 0;

  /** `maxChars`: the size of an event beyond which the connection is given up. */
  constructor(maxChars = MAX_EVENT_CHARS) {
    this.#maxChars = maxChars;
  }

  /**
   * The events that this chunk completes. Throws for bytes that are no UTF-8 and for an event beyond all measure; then
   * the connection is of no use any more, and neither is the reader.
   */
  push(chunk: Uint8Array): ServerEvent[] {
    let text = this.#decoder.decode(chunk, { stream: true });
    if (text === "") return [];
    if (this.#afterReturn && text.startsWith("\n")) text = text.slice(1);
    this.#afterReturn = text.endsWith("\r");
    // Only what is new is searched: a large event comes in many chunks.
    const lines = text.split(/\r\n?|\n/);
    const rest = lines.pop() ?? "";
    const events: ServerEvent[] = [];
    for (const line of lines) {
      this.#take(this.#line + line, events);
      this.#line = "";
    }
    this.#line += rest;
    if (this.#chars + this.#line.length > this.#maxChars) throw new RangeError("an event is too large");
    return events;
  }

  #take(line: string, events: ServerEvent[]): void {
    if (line === "") {
      if (this.#data.length > 0) events.push({ type: this.#type || "message", data: this.#data.join("\n") });
      this.#type = "";
      this.#data = [];
      this.#chars = 0;
      return;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (field === "event") this.#type = value;
    else if (field === "data") this.#chars += this.#data.push(value) && value.length;
    else if (field === "retry" && /^\d+$/.test(value)) this.retryMs = Number(value);
  }
}
