// Loads every entry of the built package by its public name, as an ES module and as CommonJS, and finds its
// declarations: what package.json promises is there.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const { name, exports } = JSON.parse(readFileSync("package.json", "utf8"));
let wrong = 0;

function check(entry, promised, fulfilled) {
  if (!fulfilled) {
    console.error(`${entry}: ${promised} is promised, and is not there`);
    wrong++;
  }
}

for (const [path, forms] of Object.entries(exports)) {
  if (typeof forms === "string") {
    check(path, forms, existsSync(forms));
    continue;
  }
  const entry = path.replace(".", name);
  for (const { types } of Object.values(forms)) {
    check(entry, types, existsSync(types));
  }
  const [module, common] = [await import(entry), require(entry)];
  const names = Object.keys(module).filter((one) => one !== "default" && one !== "module.exports");
  check(entry, "something", names.length > 0);
  check(
    entry,
    `the same in CommonJS (${names.join(", ")})`,
    names.every((one) => one in common),
  );
}
process.exit(wrong === 0 ? 0 : 1);
