/**
 * A program: reads lines of `{"snapshot", "cases": [{"flag", "type"?, "context"?, "nowMs"?, "random"?, "instance"?,
 * "expect"}]}`, made by another engine, from the standard input, and exits with 1 on any difference.
 */
import { createInterface } from "node:readline";
import { runLines } from "./vectors/differential.js";

const { pairs, differing, first } = await runLines(createInterface({ input: process.stdin, crlfDelay: Infinity }));
for (const difference of first) {
  console.error(difference);
}
console.log(`differential typescript: ${pairs} pairs, ${differing} differences`);
process.exitCode = differing === 0 && pairs > 0 ? 0 : 1;
