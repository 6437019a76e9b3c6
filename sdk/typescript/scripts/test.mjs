// Compiles the tests, and runs them with Node's own runner. Arguments name test files (`test/engine/bucket.test.ts`)
// or are options of the runner (`--test-name-pattern=…`); without a file all are run.
import { spawnSync } from "node:child_process";
import { compiled, compileTests } from "./compile-tests.mjs";

const options = process.argv.slice(2).filter((argument) => argument.startsWith("-"));
const named = process.argv.slice(2).filter((argument) => !argument.startsWith("-"));
const files = (await compileTests()).filter((file) => file.endsWith(".test.ts"));
const wanted = named.length === 0 ? files : files.filter((file) => named.some((name) => file.includes(name)));
if (wanted.length === 0) {
  console.error("there is no test file of this name");
  process.exit(1);
}
const arguments_ = ["--enable-source-maps", "--test", "--test-timeout=120000", ...options, ...wanted.map(compiled)];
process.exit(spawnSync(process.execPath, arguments_, { stdio: "inherit" }).status ?? 1);
