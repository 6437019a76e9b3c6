/**
 * Runs every file of `sdk/conformance`.
 */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { runFile } from "./run.js";

/** The folder of vectors, seen from the package's folder, where npm runs scripts. */
const FOLDER = join(process.cwd(), "..", "conformance");

/** How many cases were run, and what failed. */
export function runAll(): { files: number; count: number; failures: string[] } {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith(".json"));
  const failures: string[] = [];
  let count = 0;
  for (const file of files.sort()) {
    const report = runFile(readFileSync(join(FOLDER, file), "utf8"));
    count += report.count;
    failures.push(...report.failures.map((failure) => `${file}: ${failure}`));
  }
  return { files: files.length, count, failures };
}
