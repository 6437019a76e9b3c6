// Compiles every file of `src` and `test` for Node into a folder of this process, the way they stand.
import { rmSync } from "node:fs";
import { build } from "esbuild";
import { sources } from "./sources.mjs";

const out = `.test-build/${process.pid}`;
process.on("exit", () => rmSync(out, { recursive: true, force: true }));

/** The compiled place of a TypeScript file. */
export const compiled = (file) => `${out}/${file.replace(/\.ts$/, ".js")}`;

/** Compiles, and gives the paths of the files of `test`. */
export async function compileTests() {
  const tests = sources("test");
  await build({
    entryPoints: [...sources("src"), ...tests],
    outbase: ".",
    outdir: out,
    format: "esm",
    platform: "node",
    target: "node20",
    sourcemap: "inline",
    logLevel: "warning",
  });
  return tests;
}
