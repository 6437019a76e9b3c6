/**
 * The requests for snapshots: where they go, what they carry, and how long they may take.
 */
import type { Agent } from "node:http";
import { VERSION } from "../shared/version.js";
import type { Call } from "./http.js";
import type { Settings } from "./settings.js";
import type { World } from "./world.js";

/** The name that the server is told. */
export const SDK = "pennon-node";

/** What every request has in common. */
export interface Wire {
  readonly base: string;
  readonly key: string;
  readonly connectTimeoutMs: number;
  readonly agent: Agent | undefined;
  readonly world: World;
}

/** A call to a path below the server's address. */
export function callTo(wire: Wire, path: string, more: Pick<Call, "answerTimeoutMs" | "signal"> & Partial<Call>): Call {
  return {
    method: "GET",
    url: new URL(`${wire.base}${path}`),
    connectTimeoutMs: wire.connectTimeoutMs,
    agent: wire.agent,
    ...more,
    headers: { authorization: `Bearer ${wire.key}`, "user-agent": `${SDK}/${VERSION}`, ...more.headers },
  };
}

/** The path of the stream, which tells the server who listens. */
export function streamPath({ instanceId, labels }: Pick<Settings, "instanceId" | "labels">): string {
  const query = new URLSearchParams({ instanceId, sdk: SDK, sdkVersion: VERSION });
  for (const [name, value] of Object.entries(labels)) query.append(`label.${name}`, value);
  return `/api/v1/sdk/stream?${query.toString()}`;
}
