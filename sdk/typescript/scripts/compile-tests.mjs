// Compiles TypeScript programs and all that they import for Node, into a folder of this process. Files that they do not
// import are not looked at, so that half-written ones elsewhere stop nobody.
import { rmSync } from "node:fs";
import { build } from "esbuild";

const out = `.test-build/${process.pid}`;
process.on("exit", () => rmSync(out, { recursive: true, force: true }));

/** Compiles, and gives the places of what was compiled, in the same order. */
export async function compileTests(files) {
  await build({
    entryPoints: files,
    outbase: ".",
    outdir: out,
    bundle: true,
    splitting: true,
    packages: "external",
    format: "esm",
    platform: "node",
    target: "node20",
    sourcemap: "inline",
    logLevel: "warning",
  });
  return files.map((file) => `${out}/${file.replace(/\.ts$/, ".js")}`);
}
