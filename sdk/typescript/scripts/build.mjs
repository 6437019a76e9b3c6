// Builds the package: every source file on its own, once as an ES module and once as CommonJS, so that the entries of
// one form share their modules and a bundler takes only what it needs; then the declarations of both. What was built
// before stays until all is done, for whoever is running it.
import { execFileSync } from "node:child_process";
import { cpSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { build } from "esbuild";
import { bundleWeb } from "./bundle-web.mjs";
import { sources } from "./sources.mjs";

const NEW = `dist.${process.pid}`;
const FORMS = [
  { format: "esm", folder: `${NEW}/esm`, type: "module" },
  { format: "cjs", folder: `${NEW}/cjs`, type: "commonjs" },
];

process.on("exit", () => rmSync(NEW, { recursive: true, force: true }));
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
await bundleWeb(`${NEW}/web.js`);
const tsc = ["node_modules/typescript/bin/tsc", "--project", "tsconfig.build.json", "--outDir", `${NEW}/esm`];
execFileSync(process.execPath, tsc, { stdio: "inherit" });
// The declarations are the same text for both; the folder's package.json says which form they describe.
cpSync(`${NEW}/esm`, `${NEW}/cjs`, { recursive: true, filter: (path) => !/\.js$|package\.json$/.test(path) });
rmSync("dist", { recursive: true, force: true });
renameSync(NEW, "dist");
