/**
 * The last snapshot in a file, to start from while the server is away. Whatever goes wrong is one warning, and the
 * client goes on without.
 */
import { createHash, randomBytes } from "node:crypto";
import { closeSync, fstatSync, openSync, readFileSync, constants } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Snapshot } from "../engine/index.js";
import { reasonOf } from "./http.js";
import type { Logger } from "./logger.js";
import type { World } from "./world.js";

/** The file is written at most this often. */
const WRITE_EVERY_MS = 1_000;
const HASH_CHARS = 64;
/** Bytes of a file that is read: above it, it is none of ours. */
const MAX_BYTES = 2 ** 28;

const sha256 = (text: string | Buffer): string => createHash("sha256").update(text).digest("hex");

/** The name of the file for an address and a key; neither can be read from it. */
export function fileName(url: string, key: string): string {
  return `pennon-${sha256(`${url}\n${key}`).slice(0, 16)}.json`;
}

export class Cache {
  readonly #file: string;
  #next: Snapshot | undefined;
  #writtenAt = -Infinity;
  #writing: Promise<void> | undefined;
  #cancel: (() => void) | undefined;
  #warned = false;

  constructor(
    private readonly folder: string,
    name: string,
    private readonly world: World,
    private readonly logger: Logger,
  ) {
    this.#file = join(folder, name);
  }

  /** Reads the file, at once: evaluations that come next are served from it. */
  load(): Snapshot | undefined {
    try {
      const content = readRegular(this.#file);
      if (content === undefined) return undefined;
      const body = content.subarray(HASH_CHARS + 1);
      const sound = content[HASH_CHARS] === 10 && content.toString("latin1", 0, HASH_CHARS) === sha256(body);
      if (sound) return Snapshot.fromJson(body.toString("utf8"));
      this.#warn("is damaged and ignored");
    } catch (error) {
      this.#warn(`cannot be read (${reasonOf(error)})`);
    }
    return undefined;
  }

  /** Writes a snapshot soon; only the last of several. */
  save(snapshot: Snapshot): void {
    this.#next = snapshot;
    if (this.#cancel !== undefined || this.#writing !== undefined) return;
    const waitMs = Math.max(this.#writtenAt + WRITE_EVERY_MS - this.world.elapsedMs(), 0);
    this.#cancel = this.world.after(waitMs, () => {
      this.#cancel = undefined;
      void this.flush();
    });
  }

  /** Writes what was not written yet. */
  async flush(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    await this.#writing;
    const snapshot = this.#next;
    if (snapshot === undefined) return;
    this.#next = undefined;
    this.#writing = this.#write(snapshot);
    await this.#writing;
    this.#writing = undefined;
    this.#writtenAt = this.world.elapsedMs();
    this.#again();
  }

  /** Goes on with what came while the file was written. */
  #again(): void {
    if (this.#next !== undefined) this.save(this.#next);
  }

  async #write(snapshot: Snapshot): Promise<void> {
    const beside = `${this.#file}.${randomBytes(6).toString("hex")}.tmp`;
    try {
      const body = JSON.stringify(snapshot.document());
      await mkdir(this.folder, { recursive: true, mode: 0o700 });
      await writeFile(beside, `${sha256(body)}\n${body}`, { mode: 0o600, flag: "wx" });
      await rename(beside, this.#file);
    } catch (error) {
      this.#warn(`cannot be written (${reasonOf(error)})`);
      await rm(beside, { force: true }).catch(() => undefined);
    }
  }

  #warn(what: string): void {
    if (!this.#warned) this.logger.warn(`the cache ${this.#file} ${what}`);
    this.#warned = true;
  }
}

/** A regular file of a sensible size; nothing when there is none. What is no file, such as a pipe, is never waited for. */
function readRegular(file: string): Buffer | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    const { size } = fstatSync(descriptor);
    const isFile = fstatSync(descriptor).isFile();
    if (!isFile || size > MAX_BYTES) throw new RangeError("no file of ours");
    return readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
