/**
 * A true server (tests/ofrep/server.mjs starts it), and the few acts of an admin that these tests need.
 */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

interface Started {
  readonly address: string;
  readonly serverKey: string;
  readonly clientKey: string;
  readonly apiToken: string;
  readonly project: string;
  readonly environment: string;
  switch(flag: string, on: boolean): Promise<void>;
  kill(): Promise<void>;
  stop(): Promise<void>;
  start(settings?: Record<string, string>): Promise<void>;
  close(): Promise<void>;
}

// Tests are compiled to another folder, so the path is the package's own.
const module = pathToFileURL(resolve("../../tests/ofrep/server.mjs")).href;

export class TrueServer {
  private constructor(readonly started: Started) {}

  static async start(settings: Record<string, string> = {}): Promise<TrueServer> {
    const { startServer } = (await import(module)) as { startServer: (settings: object) => Promise<Started> };
    const quick = { PENNON_STREAM_HEARTBEAT: "100ms", PENNON_STREAM_RETRY: "20ms", PENNON_LOG_LEVEL: "warn" };
    return new TrueServer(await startServer({ ...quick, ...settings }));
  }

  get url(): string {
    return this.started.address;
  }

  get key(): string {
    return this.started.serverKey;
  }

  switch(flag: string, on: boolean): Promise<void> {
    return this.started.switch(flag, on);
  }

  /** Ends the server as a power cut would; `start` brings it back. */
  kill(): Promise<void> {
    return this.started.kill();
  }

  stop(): Promise<void> {
    return this.started.stop();
  }

  /** At the same address, on the same data. */
  again(): Promise<void> {
    return this.started.start();
  }

  close(): Promise<void> {
    return this.started.close();
  }

  /** Makes a flag and its configuration in the environment. */
  async flag(definition: { key: string } & Record<string, unknown>, configuration: object): Promise<void> {
    await this.#call("POST", "flags", { type: "boolean", clientVisible: true, ...definition });
    await this.configure(definition.key, configuration);
  }

  configure(flag: string, patch: object): Promise<unknown> {
    return this.#call("PATCH", `flags/${flag}/environments/${this.started.environment}`, patch);
  }

  async #call(method: string, path: string, body: object): Promise<unknown> {
    const { address, project, apiToken } = this.started;
    const headers = { authorization: `Bearer ${apiToken}`, "content-type": "application/json", "if-match": "*" };
    const url = `${address}/api/v1/projects/${project}/${path}`;
    const answer = await fetch(url, { method, headers, body: JSON.stringify(body) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text) as unknown;
  }
}
