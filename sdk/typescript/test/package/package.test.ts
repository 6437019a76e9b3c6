/**
 * The package as its users get it: packed, unpacked into a fresh folder beside its dependencies, and loaded from there.
 * The examples run from there too.
 */
import assert from "node:assert/strict";
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { after, afterEach, before, describe, it } from "node:test";
import { snapshot, flag } from "../server/documents.js";
import { TrueServer } from "../server/true-server.js";
import { until, within } from "../server/until.js";

/** What the package needs of others; the examples' frameworks among them. */
const DEPENDENCIES = [
  "re2js",
  "@openfeature/server-sdk",
  "@openfeature/web-sdk",
  "@openfeature/core",
  "express",
  "fastify",
  "@types/node",
  "undici-types",
];
const ENTRIES = [
  "@pennon/sdk",
  "@pennon/sdk/web",
  "@pennon/sdk/openfeature",
  "@pennon/sdk/openfeature-web",
  "@pennon/sdk/testing",
];

let folder: string;
let files: string[];
let server: TrueServer;
const children: ChildProcess[] = [];

/** When the newest of a folder's files was written. */
function newest(from: string): number {
  const names = readdirSync(from, { recursive: true, encoding: "utf8" });
  return Math.max(...names.map((name) => statSync(join(from, name)).mtimeMs));
}

/** Packs, and builds when what was built is older than what it was built from; the names of the files in the package. */
function pack(): string[] {
  if (!existsSync("dist") || statSync("dist/esm/package.json").mtimeMs < newest("src")) {
    execFileSync(process.execPath, ["scripts/build.mjs"], { stdio: "inherit" });
  }
  const told = execFileSync("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", folder], {
    encoding: "utf8",
  });
  const [packed] = Object.values(JSON.parse(told) as Record<string, { filename: string; files: { path: string }[] }>);
  assert.ok(packed);
  const place = join(folder, "node_modules/@pennon/sdk");
  mkdirSync(place, { recursive: true });
  execFileSync("tar", ["-xzf", join(folder, packed.filename), "-C", place, "--strip-components=1"]);
  return packed.files.map(({ path }) => path).sort();
}

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "pennon-package-"));
  files = pack();
  for (const name of DEPENDENCIES) {
    mkdirSync(join(folder, "node_modules", name, ".."), { recursive: true });
    symlinkSync(resolve("node_modules", name), join(folder, "node_modules", name));
  }
  cpSync("examples", join(folder, "examples"), { recursive: true });
  server = await TrueServer.start();
  await server.switch("new_checkout_flow", true);
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});
after(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Starts Node in the fresh folder. */
function node(given: string[], environment: Record<string, string> = {}) {
  const env = {
    PATH: process.env["PATH"],
    PENNON_URL: server.url,
    PENNON_SDK_KEY: server.key,
    PORT: "0",
    ...environment,
  };
  const child = spawn(process.execPath, given, { cwd: folder, env, stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  const lines: AsyncIterator<string> = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const exit = once(child, "close") as Promise<[number | null]>;
  const line = async (): Promise<string> => {
    const next = await within("a line of the program", lines.next());
    assert.ok(next.done !== true, "the program ended");
    return next.value;
  };
  const end = async (): Promise<string[]> => {
    const rest: string[] = [];
    for (let next = await within("the end", lines.next()); next.done !== true; next = await lines.next())
      rest.push(next.value);
    assert.deepEqual(await exit, [0, null]);
    return rest;
  };
  return { line, end, stop: () => child.kill("SIGTERM") };
}

describe("the package", () => {
  it("holds what was built, its two pages and its licence, and nothing else", () => {
    const written = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
    const built = written.flatMap((file) =>
      ["esm", "cjs"].flatMap((form) =>
        [".js", ".d.ts"].map((ending) => `dist/${form}/${file.replace(/\.ts$/, ending)}`),
      ),
    );
    const others = [
      "LICENSE",
      "README.md",
      "WEB.md",
      "package.json",
      "dist/web.js",
      "dist/esm/package.json",
      "dist/cjs/package.json",
    ];
    assert.deepEqual(files, [...built, ...others].sort());
    assert.equal(readFileSync("LICENSE", "utf8"), readFileSync("../../LICENSE", "utf8"));
  });

  it("can be imported and required, and is one and the same `flags` either way", async () => {
    const code = `
      import { createRequire } from "node:module";
      const require = createRequire(import.meta.url);
      for (const entry of ${JSON.stringify(ENTRIES)}) {
        const [module, common] = [await import(entry), require(entry)];
        for (const name of Object.keys(module)) {
          if (name !== "default" && name !== "module.exports" && typeof common[name] !== typeof module[name]) throw new Error(entry + " " + name);
        }
      }
      const { flags } = await import("@pennon/sdk");
      console.log(flags === require("@pennon/sdk").flags, await flags.ready(), flags.isEnabled("new_checkout_flow"));`;
    writeFileSync(join(folder, "both.mjs"), code);
    assert.deepEqual(await node(["both.mjs"]).end(), ["true true true"]);
  });

  it("is required by a program in CommonJS", async () => {
    writeFileSync(
      join(folder, "common.cjs"),
      `const { flags } = require("@pennon/sdk"); flags.ready().then(console.log);`,
    );
    assert.deepEqual(await node(["common.cjs"]).end(), ["true"]);
  });

  it("has types for both forms, which a strict compiler reads without looking away", () => {
    const program = `
      import { createClient, flags, type Context, type Status } from "@pennon/sdk";
      import { createTestClient } from "@pennon/sdk/testing";
      import { PennonProvider } from "@pennon/sdk/openfeature";
      import { createClient as createWebClient } from "@pennon/sdk/web";
      const context: Context = { userId: 1, plan: "pro" };
      const on: boolean = flags.isEnabled("k", context);
      const limit: number = createTestClient({ k: 1 }).value("k", 3);
      const status: Status = flags.status();
      const typed = createClient<{ theme: "dark" | "light" }>({ url: "http://localhost", key: "k" });
      const theme: "dark" | "light" = typed.value("theme", "dark");
      createWebClient({ url: "http://localhost", key: "k", bootstrap: flags.bootstrap(context) });
      export const all = [on, limit, status, theme, new PennonProvider(typed as never)];`;
    for (const name of ["program.mts", "program.cts"]) writeFileSync(join(folder, name), program);
    const compilerOptions = {
      module: "NodeNext",
      target: "ES2022",
      lib: ["ES2022", "DOM"],
      types: ["node"],
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
    };
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({ compilerOptions, files: ["program.mts", "program.cts"] }),
    );
    execFileSync(process.execPath, [resolve("node_modules/typescript/bin/tsc"), "--project", folder], {
      stdio: "inherit",
    });
  });
});

describe("an example", () => {
  it("of five minutes serves what the server says", async () => {
    assert.deepEqual(await node(["examples/five-minutes.mjs"]).end(), ["checkout: new"]);
    const unconfigured = { PENNON_URL: "", PENNON_SDK_KEY: "" };
    assert.deepEqual(await node(["examples/five-minutes.mjs"], unconfigured).end(), ["checkout: legacy"]);
  });

  for (const framework of ["express", "fastify"]) {
    it(`with ${framework} knows whose request it is`, async () => {
      await server.configure("new_checkout_flow", {
        rules: [{ id: "pro", when: { attribute: "plan", op: "in", values: ["pro"] }, serve: { variant: "on" } }],
        fallthrough: { variant: "off" },
      });
      const program = node([`examples/${framework}.mjs`]);
      const address = await program.line();
      const ask = async (plan: string): Promise<unknown> =>
        (await fetch(`${address}/checkout`, { headers: { "x-user": "u", "x-plan": plan } })).json();
      await until("the rule", async () => ((await ask("pro")) as { flow: string }).flow === "new");
      const flows = await Promise.all(["pro", "free", "pro", "free"].map(ask));
      assert.deepEqual(
        flows,
        ["new", "legacy", "new", "legacy"].map((flow) => ({ flow })),
      );
      program.stop();
      assert.deepEqual(await program.end(), []);
      await server.configure("new_checkout_flow", { rules: [], fallthrough: { variant: "on" } });
    });
  }

  it("of a worker goes on until it is told to stop, and hears of changes", async () => {
    const worker = node(["examples/worker.mjs"]);
    const lines = [await worker.line(), await worker.line()];
    assert.match(lines.find((line) => line.startsWith("working")) ?? "", /^working: on$/);
    await server.switch("new_checkout_flow", false);
    assert.match(await worker.line(), /^changed at \d+-\d+$/);
    await server.switch("new_checkout_flow", true);
    assert.match(await worker.line(), /^changed at \d+-\d+$/);
    worker.stop();
    assert.deepEqual(await worker.end(), ["closed"]);
  });

  it("of a page begins with the flags in its HTML", async () => {
    const program = node(["examples/page.mjs"]);
    const html = await (await fetch(await program.line())).text();
    assert.match(html, /<title>The new checkout<\/title>/);
    const { context, bootstrap } = JSON.parse(/id="flags">(.*)<\/script>/.exec(html)?.[1] ?? "") as {
      context: object;
      bootstrap: { flags: Record<string, { value: unknown }> };
    };
    assert.deepEqual(
      [context, bootstrap.flags["new_checkout_flow"]?.value],
      [{ targetingKey: "user-1", plan: "pro" }, true],
    );
    program.stop();
    assert.deepEqual(await program.end(), []);
  });

  it("that is offline serves what was saved", async () => {
    writeFileSync(join(folder, "flags.json"), JSON.stringify(snapshot([flag("new_checkout_flow")])));
    const unconfigured = { PENNON_URL: "", PENNON_SDK_KEY: "" };
    assert.deepEqual(await node(["examples/offline.mjs", "flags.json"], unconfigured).end(), ["true bootstrap"]);
  });

  it("of tests passes", async () => {
    const lines = await node(["--test", "--test-reporter=tap", "examples/checkout.test.mjs"], { PENNON_URL: "" }).end();
    assert.ok(lines.includes("# pass 2"), lines.join("\n"));
  });

  it("with OpenFeature serves the same", async () => {
    assert.deepEqual(await node(["examples/openfeature.mjs"]).end(), ["true"]);
  });
});
