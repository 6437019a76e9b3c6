/**
 * A program: runs every vector of `sdk/conformance`, prints how many, and exits with 1 on any difference.
 */
import { runAll } from "./vectors/all.js";

const { count, failures } = runAll();
for (const failure of failures) {
  console.error(failure);
}
console.log(`conformance typescript: ${count} cases${failures.length === 0 ? "" : `, ${failures.length} fail`}`);
process.exitCode = failures.length === 0 && count > 0 ? 0 : 1;
