/**
 * A layer: a salt and units of its own, by which experiments exclude one another.
 */
import { Salt } from "../bucket.js";
import type { Draw } from "../condition/condition.js";
import { type Malformed, type Shape, members, string } from "../read.js";
import { DEFAULT_BY, readBy } from "../reference.js";
import { checkDocument, faultOf } from "./check.js";

const SHAPE: Shape = { noun: "a layer", nullable: true };

/** One layer, read. */
export class LayerDocument {
  readonly key: string;
  /** The document as it was given. */
  readonly raw: unknown;
  /** What is wrong with it. */
  readonly fault: Malformed | undefined;
  /** What it draws by; absent when it is malformed. */
  readonly draw: Draw | undefined;

  constructor(key: string, raw: unknown) {
    this.key = key;
    this.raw = raw;
    try {
      this.draw = read(key, raw);
    } catch (error) {
      this.fault = faultOf(error);
    }
  }
}

function read(key: string, raw: unknown): Draw {
  checkDocument(key, raw);
  const found = members(raw, SHAPE);
  return {
    salt: new Salt(found.read("salt", string) ?? key),
    by: found.read("by", (value) => readBy(value, "draw")) ?? DEFAULT_BY,
  };
}
