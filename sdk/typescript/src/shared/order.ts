/**
 * The order of snapshots: by epoch, then by revision. A lower one never replaces a higher one.
 */

export interface Position {
  readonly epoch: number;
  readonly revision: number;
}

/** A change of what somebody holds at `from`. */
export interface Step extends Position {
  readonly from: number;
}

/** Below 0 when `a` is before `b`, 0 when they are the same, above 0 when `a` is after `b`. */
export function compare(a: Position, b: Position): number {
  return a.epoch - b.epoch || a.revision - b.revision;
}

/** `<epoch>-<revision>`: the id of an event, the tag of a snapshot, the revision of a status. */
export function idOf(position: Position): string {
  return `${position.epoch}-${position.revision}`;
}

/**
 * What to do with a patch: `apply` it; `ignore` it, since what is held is as new; or open the stream anew, since there is
 * a `gap`. One that leads to where it begins is a change by time, which client streams send.
 */
export function judge(held: Position | undefined, patch: Step): "apply" | "ignore" | "gap" {
  if (held === undefined) return "gap";
  const order = compare(patch, held);
  if (order < 0) return "ignore";
  if (patch.epoch === held.epoch && patch.from === held.revision) return "apply";
  return order === 0 ? "ignore" : "gap";
}
