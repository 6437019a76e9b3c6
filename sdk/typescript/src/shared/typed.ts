/**
 * The types of flags as a caller knows them: of any flag, or of those that the caller's own map names. Types only.
 */

/** What a flag may serve. */
export type Value = boolean | number | string | object;

/** A client that knows no flags by name takes any. */
export type AnyFlags = Readonly<Record<string, Value>>;

/** The keys of a map of flags. */
export type Key<Flags> = keyof Flags & string;

/** The keys of boolean flags. */
export type BooleanKey<Flags> = string extends keyof Flags
  ? string
  : { [K in Key<Flags>]: Flags[K] extends boolean ? K : never }[Key<Flags>];

/** The type of a literal. */
export type Widened<D> = D extends boolean ? boolean : D extends number ? number : D extends string ? string : D;

/** The type that a flag's value has: what the map says, else that of the default, `3` being any number. */
export type Served<Flags, K extends Key<Flags>, D> = string extends keyof Flags ? Widened<D> : Flags[K];
