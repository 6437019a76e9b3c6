// Compiles one TypeScript file and runs it as a program: `node scripts/run.mjs test/engine/conformance.ts`.
import { spawnSync } from "node:child_process";
import { compileTests } from "./compile-tests.mjs";

const [file, ...rest] = process.argv.slice(2);
const [compiled] = await compileTests([file]);
const run = spawnSync(process.execPath, ["--enable-source-maps", compiled, ...rest], { stdio: "inherit" });
process.exit(run.status ?? 1);
