/**
 * Random documents and contexts for property tests. Keys are few, so that documents name one another, form circles and
 * leave gaps; some are malformed.
 */
import fc from "fast-check";

const FLAGS = ["a", "b", "c", "d", "e"];
const SEGMENTS = ["s", "t", "u"];
const LAYERS = ["l", "m"];

const variant = fc.constantFrom("on", "off");
const by = fc.constantFrom(["targetingKey"], ["org", "targetingKey"], ["$random"], ["$instance"], ["/o/id"]);
const unit = fc.constantFrom<string | number>("u-1", "u-2", "u-3", 7);
const percent = fc.constantFrom(0, 0.001, 20, 50, 100);
/** A key that is mostly one of those there may be. */
const named = (keys: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...keys, ...keys, "nowhere");

const leaf: fc.Arbitrary<object> = fc.oneof(
  fc.record({
    attribute: fc.constantFrom("org", "/o/id"),
    op: fc.constant("in"),
    values: fc.uniqueArray(unit, { minLength: 1 }),
  }),
  fc.record({
    attribute: fc.constant("$now"),
    op: fc.constantFrom("after", "before"),
    values: fc.tuple(fc.integer({ min: 0, max: 9 })),
  }),
  fc.record({ segment: named(SEGMENTS) }),
  fc.record({ segment: named(SEGMENTS) }),
  fc.record({ flag: named(FLAGS), variants: fc.constant(["on"]) }),
  fc.record({ percentage: percent, by }),
  fc.record({ percentage: fc.tuple(fc.constant(10), fc.constantFrom(10, 60)), layer: named(LAYERS) }),
);

const { condition } = fc.letrec<{ condition: object }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 2 },
    leaf,
    fc.record({ all: fc.array(tie("condition"), { maxLength: 3 }) }),
    fc.record({ any: fc.array(tie("condition"), { maxLength: 3 }) }),
    fc.record({ not: tie("condition") }),
  ),
}));

const serve = fc.oneof(
  fc.record({ variant }),
  fc.record({
    split: fc.constant([
      { variant: "on", weight: 30_000 },
      { variant: "off", weight: 70_000 },
    ]),
    by,
  }),
);

const rule = (id: string): fc.Arbitrary<object> => fc.record({ id: fc.constant(id), when: condition, serve });

const sound = fc.record(
  {
    salt: fc.constantFrom("x", "y"),
    version: fc.nat(9),
    enabled: fc.constantFrom(true, true, true, false),
    offVariant: variant,
    prerequisites: fc.array(
      fc.record({ flag: named(FLAGS), variants: fc.constantFrom(["on"], ["off"], ["on", "off"], ["gone"]) }),
      { maxLength: 1 },
    ),
    targets: fc.array(fc.record({ values: fc.tuple(unit), variant }), { maxLength: 1 }),
    rules: fc.oneof(fc.tuple(), fc.tuple(rule("r1")), fc.tuple(rule("r1"), rule("r2"))),
    fallthrough: serve,
    clientVisible: fc.boolean(),
    metadata: fc.constantFrom({}, { team: "core" }),
  },
  { requiredKeys: ["enabled", "fallthrough", "rules"] },
);

/** A flag's document, or something that is none. */
export function flagDocument(key: string): fc.Arbitrary<unknown> {
  const head = { key, type: "boolean", variants: { on: true, off: false } };
  const whole = sound.map((body) => ({ ...head, ...body }));
  const odd = fc.constantFrom<unknown>(
    { key },
    7,
    { ...head, enabled: true },
    { ...head, variants: { on: 1 }, enabled: true },
  );
  return fc.oneof({ weight: 9, arbitrary: whole }, { weight: 1, arbitrary: odd });
}

const segmentDocument = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.record(
      { salt: fc.constant("z"), included: fc.array(unit), excluded: fc.array(unit), when: condition },
      { requiredKeys: [] },
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom<unknown>({ when: {} }, [], { by: [] }) },
);
const layerDocument = fc.oneof(
  { weight: 9, arbitrary: fc.record({ salt: fc.constantFrom("p", "q"), by }, { requiredKeys: [] }) },
  { weight: 1, arbitrary: fc.constantFrom<unknown>({ by: ["$now"] }, "layer") },
);

/** Documents of one kind by key. */
type Raws = Record<string, unknown>;

/** Some documents of each kind. */
export interface Change {
  flags: Raws;
  segments: Raws;
  layers: Raws;
}

function some(keys: readonly string[], document: (key: string) => fc.Arbitrary<unknown>): fc.Arbitrary<Raws> {
  return fc.record(Object.fromEntries(keys.map((key) => [key, document(key)])), { requiredKeys: [] });
}

/** A whole environment, of documents that are there or not. */
export const documents: fc.Arbitrary<Change> = fc.record({
  flags: some(FLAGS, flagDocument),
  segments: some(SEGMENTS, () => segmentDocument),
  layers: some(LAYERS, () => layerDocument),
});

const orNull = (document: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> => fc.option(document, { freq: 3 });

/** A change: few documents, some of them taken out. */
export const change: fc.Arbitrary<Change> = fc
  .record({
    flags: some(FLAGS, (key) => orNull(flagDocument(key))),
    segments: some(SEGMENTS, () => orNull(segmentDocument)),
    layers: some(LAYERS, () => orNull(layerDocument)),
    kept: fc.subarray([...FLAGS, ...SEGMENTS, ...LAYERS], { maxLength: 3 }),
  })
  .map(({ flags, segments, layers, kept }) => {
    const only = (raws: Raws): Raws => Object.fromEntries(Object.entries(raws).filter(([key]) => kept.includes(key)));
    return { flags: only(flags), segments: only(segments), layers: only(layers) };
  });

/** Contexts that meet some of what the documents ask for. */
export const CONTEXTS: readonly Raws[] = [
  {},
  { targetingKey: "u-1" },
  { targetingKey: "u-2", org: "u-3" },
  { targetingKey: 7, org: 7, o: { id: "u-1" } },
  { o: { id: "u-2" } },
];

/** Every flag there may be, and one that there never is. */
export const KEYS: readonly string[] = [...FLAGS, "nowhere"];
