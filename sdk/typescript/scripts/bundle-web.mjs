// The web SDK in one file, for pages without a bundler, and to know its size.
import { build } from "esbuild";

/** Gives the bytes; writes them when there is a file to write to. */
export async function bundleWeb(outfile) {
  const { outputFiles } = await build({
    entryPoints: ["src/web/index.ts"],
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    logLevel: "warning",
    ...(outfile === undefined ? { write: false } : { outfile }),
  });
  return outputFiles?.[0]?.contents;
}
