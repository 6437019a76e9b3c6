// Compiles the tests, and runs one TypeScript file as a program: `node scripts/run.mjs test/engine/conformance.ts`.
import { spawnSync } from "node:child_process";
import { compiled, compileTests } from "./compile-tests.mjs";

const [file, ...rest] = process.argv.slice(2);
await compileTests();
const run = spawnSync(process.execPath, ["--enable-source-maps", compiled(file), ...rest], { stdio: "inherit" });
process.exit(run.status ?? 1);
