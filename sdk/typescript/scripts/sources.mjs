// The TypeScript files below a folder.
import { readdirSync } from "node:fs";
import { join } from "node:path";

export function sources(folder, ending = ".ts") {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}
