/**
 * What linking found of a flag or a segment, for its dependents and for people.
 */
export interface Status {
  /** Why it is broken, for people; undefined when it is sound. */
  readonly fault: string | undefined;
  /** The longest chain of references from here, in edges. */
  readonly depth: number;
  /** References from here when all are expanded, counted with repetition. */
  readonly expanded: number;
  /** Whether the clock or the dice may be asked, here or by what is named. */
  readonly asks: boolean;
}
