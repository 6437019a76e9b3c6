/** The snapshot on disk. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { Snapshot } from "../../src/engine/index.js";
import { Cache, fileName } from "../../src/server/cache.js";
import { flag, keeper, snapshot } from "./documents.js";
import { FakeWorld } from "./fake-world.js";
import { until } from "./until.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pennon-cache-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const NAME = "pennon-test.json";
const sha256 = (text: string | Buffer) => createHash("sha256").update(text).digest("hex");
const document = snapshot([flag("grün")]);
const at = (revision: number) => Snapshot.fromDocument(snapshot([flag("a")], { revision }));

function cache(where = folder) {
  const world = new FakeWorld();
  const { lines, logger } = keeper();
  return { world, lines, it: new Cache(where, NAME, world, logger) };
}

const content = () => readFileSync(join(folder, NAME), "utf8");
const revisionOf = (text: string) => (JSON.parse(text.slice(65)) as { revision: number }).revision;
const written = (revision: number) =>
  until(`revision ${revision} on disk`, () => readdirSync(folder).includes(NAME) && revisionOf(content()) === revision);

describe("the cache", () => {
  it("is named by address and key, which nobody can read from it", () => {
    assert.equal(fileName("http://h", "k"), `pennon-${sha256("http://h\nk").slice(0, 16)}.json`);
  });

  it("holds the digest of the rest, and the snapshot, for its owner alone", async () => {
    const { it: one } = cache();
    one.save(Snapshot.fromDocument(document));
    await one.flush();
    const [digest, body = ""] = content().split("\n");
    assert.equal(digest, sha256(body));
    assert.deepEqual(JSON.parse(body), document);
    assert.equal(statSync(join(folder, NAME)).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(folder), [NAME]);
    assert.deepEqual(cache().it.load()?.document(), document);
  });

  it("makes its folder when there is none", async () => {
    const { it: one } = cache(join(folder, "a", "b"));
    one.save(at(1));
    await one.flush();
    assert.deepEqual(readdirSync(join(folder, "a", "b")), [NAME]);
  });

  it("is written at most once a second, with the last of what came meanwhile", async () => {
    const { world, it: one } = cache();
    one.save(at(1));
    world.pass(0);
    await written(1);
    await new Promise(setImmediate);
    for (const revision of [2, 3, 4]) one.save(at(revision));
    world.pass(999);
    assert.equal(revisionOf(content()), 1);
    world.pass(1);
    await written(4);
  });

  it("is written at once when the client closes, and not again later", async () => {
    const { world, it: one } = cache();
    one.save(at(1));
    await one.flush();
    one.save(at(2));
    await one.flush();
    assert.equal(revisionOf(content()), 2);
    assert.equal(world.waiting, 0);
  });

  it("is nothing, without a word, when there is no file", () => {
    const { lines, it: one } = cache();
    assert.equal(one.load(), undefined);
    assert.deepEqual(lines, []);
  });

  it("is ignored with one warning when it is damaged or no snapshot", () => {
    const body = JSON.stringify(document);
    const damages = [
      "",
      "\n",
      "x",
      sha256(body),
      `${sha256(body)}\n`,
      `${sha256(body)} ${body}`,
      `${sha256(body)}\n${body} `,
      `${sha256("[]")}\n[]`,
      `${"0".repeat(64)}\n${body}`,
    ];
    for (const damage of damages) {
      writeFileSync(join(folder, NAME), damage);
      const { lines, it: one } = cache();
      assert.equal(one.load(), undefined);
      assert.equal(one.load(), undefined);
      assert.equal(lines.length, 1, damage);
    }
  });

  it("does not wait for what is no file", () => {
    execFileSync("mkfifo", [join(folder, NAME)]);
    const { lines, it: one } = cache();
    assert.equal(one.load(), undefined);
    assert.equal(lines.length, 1);
  });

  it("that cannot be written is one warning, and leaves nothing behind", async () => {
    mkdirSync(join(folder, NAME));
    const { lines, it: one } = cache();
    for (const revision of [1, 2]) {
      one.save(at(revision));
      await one.flush();
    }
    assert.equal(lines.length, 1);
    assert.deepEqual(readdirSync(folder), [NAME]);
  });

  it("that cannot be read is one warning", () => {
    writeFileSync(join(folder, "file"), "");
    chmodSync(join(folder, "file"), 0o600);
    const { lines, it: one } = cache(join(folder, "file"));
    assert.equal(one.load(), undefined);
    assert.match(lines[0] ?? "", /cannot be read \(ENOTDIR\)$/);
  });
});
