// What a page downloads: how large it is, and that nothing of the server's SDK is in it.
import assert from "node:assert/strict";
import { resolve } from "node:path";
import { describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";

/** 8 kB, as promised. */
const MOST_BYTES = 8_000;

type Bundle = (outfile?: string) => Promise<Uint8Array>;

async function bundle(): Promise<Uint8Array> {
  // The tests are compiled into another folder; the scripts stay where they are.
  const script = pathToFileURL(resolve("scripts/bundle-web.mjs")).href;
  return ((await import(script)) as { bundleWeb: Bundle }).bundleWeb();
}

describe("the web SDK in one file", () => {
  it("has less than 8 kB when it is compressed", async () => {
    const bytes = await bundle();
    const size = gzipSync(bytes, { level: 9 }).length;
    console.log(`${bytes.length} bytes, ${size} compressed`);
    assert.ok(size < MOST_BYTES, `${size} bytes`);
  });

  it("imports nothing, and evaluates no rule", async () => {
    const text = new TextDecoder().decode(await bundle());
    assert.ok(!/\b(import|require)\s*[({"']/.test(text));
    assert.ok(!text.includes("fallthrough"));
  });

  it("does nothing when it is imported where there is no browser", async () => {
    const text = new TextDecoder().decode(await bundle());
    const module = (await import(`data:text/javascript,${encodeURIComponent(text)}`)) as object;
    assert.deepEqual(Object.keys(module), ["createClient"]);
  });
});
