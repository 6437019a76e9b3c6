// Builds the package: every source file on its own, once as an ES module and once as CommonJS, so that the entries of
// one form share their modules and a bundler takes only what it needs; then the declarations of both.
import { execFileSync } from "node:child_process";
import { cpSync, rmSync, writeFileSync } from "node:fs";
import { build } from "esbuild";
import { bundleWeb } from "./bundle-web.mjs";
import { sources } from "./sources.mjs";

const FORMS = [
  { format: "esm", folder: "dist/esm", type: "module" },
  { format: "cjs", folder: "dist/cjs", type: "commonjs" },
];

rmSync("dist", { recursive: true, force: true });
for (const { format, folder, type } of FORMS) {
  await build({
    entryPoints: sources("src"),
    outbase: "src",
    outdir: folder,
    format,
    platform: "neutral",
    target: "es2022",
    logLevel: "warning",
  });
  writeFileSync(`${folder}/package.json`, `${JSON.stringify({ type, sideEffects: false })}\n`);
}
await bundleWeb("dist/web.js");
execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "--project", "tsconfig.build.json"], {
  stdio: "inherit",
});
// The declarations are the same text for both; the folder's package.json says which form they describe.
cpSync("dist/esm", "dist/cjs", { recursive: true, filter: (path) => !/\.js$|package\.json$/.test(path) });
