/**
 * Flags and snapshots as the server writes them.
 */
export interface SnapshotDocument {
  readonly schemaVersion: 1;
  readonly epoch: number;
  readonly revision: number;
  readonly project: string;
  readonly environment: string;
  readonly flags: Readonly<Record<string, object>>;
  readonly segments: object;
  readonly layers: object;
}

/** A boolean flag; on and without rules unless more is said. */
export function flag(key: string, more: object = {}): object {
  const variants = { on: true, off: false };
  return {
    key,
    type: "boolean",
    version: 1,
    enabled: true,
    variants,
    offVariant: "off",
    fallthrough: { variant: "on" },
    ...more,
  };
}

/** A snapshot with these flags. */
export function snapshot(flags: readonly object[], more: Partial<SnapshotDocument> = {}): SnapshotDocument {
  const byKey = Object.fromEntries(flags.map((one) => [(one as { key: string }).key, one]));
  const head = { schemaVersion: 1, epoch: 1, revision: 1, project: "default", environment: "development" } as const;
  return { ...head, flags: byKey, segments: {}, layers: {}, ...more };
}

/** A logger that keeps its lines. */
export function keeper() {
  const lines: string[] = [];
  const keep = (message: string): void => {
    lines.push(message);
  };
  return { lines, logger: { error: keep, warn: keep, info: keep } };
}
