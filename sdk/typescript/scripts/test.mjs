// Compiles the tests, and runs them with Node's own runner. Arguments are parts of the paths of test files
// (`npm test -- engine/bucket`) or options of the runner (`--test-name-pattern=…`); without a path all are run.
import { spawnSync } from "node:child_process";
import { compileTests } from "./compile-tests.mjs";
import { sources } from "./sources.mjs";

const options = process.argv.slice(2).filter((argument) => argument.startsWith("-"));
const parts = process.argv.slice(2).filter((argument) => !argument.startsWith("-"));
const files = sources("test", ".test.ts");
const wanted = parts.length === 0 ? files : files.filter((file) => parts.some((part) => file.includes(part)));
if (wanted.length === 0) {
  console.error("there is no such test file");
  process.exit(1);
}
const compiled = await compileTests(wanted);
const arguments_ = ["--enable-source-maps", "--test", "--test-timeout=120000", ...options, ...compiled];
process.exit(spawnSync(process.execPath, arguments_, { stdio: "inherit" }).status ?? 1);
