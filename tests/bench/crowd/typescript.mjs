// Many clients of the TypeScript SDK in one process, for tests/bench/flip; crowd/python.py tells how it speaks.
import { createClient } from "../../../sdk/typescript/dist/esm/server/index.js";

const count = Number(process.argv[2]);
const flag = process.argv[3];
const arrived = new Map();
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
const now = () => Math.round((performance.timeOrigin + performance.now()) * 1000);

function told({ revision }) {
  const at = arrived.get(revision) ?? [];
  arrived.set(revision, at);
  at.push(now());
  if (at.length < count) return;
  arrived.delete(revision);
  say({ revision, at });
}

const clients = Array.from({ length: count }, () => createClient({ events: false, startWaitMs: 120_000 }));
for (const client of clients) client.onChange(flag, told);
if (!(await Promise.all(clients.map((client) => client.ready()))).every(Boolean)) throw new Error("not every client became ready");
say({ ready: count });
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
