/**
 * Links documents to what they name, dependencies first, and finds what is broken by what it names. Walks with its own
 * stack, so that a long chain cannot overflow the language's. Must not read documents.
 */
import type { Links, Mention } from "../condition/draft.js";
import type { FlagDocument } from "../document/flag.js";
import type { SegmentDocument } from "../document/segment.js";
import { FlagNode } from "../evaluate/flag.js";
import { SegmentNode } from "../evaluate/segment.js";
import type { Documents } from "./documents.js";
import { DEPENDENCY_DEPTH, EXPANDED_REFERENCES } from "../limits.js";

/** A flag or a segment that is linked, and what its dependents must know of it. */
export interface Linked {
  readonly node: FlagNode | SegmentNode;
  /** Why it is broken. */
  readonly fault: string | undefined;
  /** The longest chain of references from here, in edges. */
  readonly depth: number;
  /** References from here when all are expanded. */
  readonly expanded: number;
  /** Whether the clock or the dice may be asked. */
  readonly asks: boolean;
}

/** A flag or a segment that is being linked. */
interface Vertex {
  readonly document: FlagDocument | SegmentDocument;
  /** Why it is broken by itself, or by naming what is not there. */
  readonly fault: string | undefined;
  edges: readonly Edge[];
  /** Tarjan's marks: the order of discovery (0: not yet), and the earliest vertex reachable. */
  number: number;
  lowest: number;
  onPath: boolean;
  linked: Linked | undefined;
}

/** A reference, counted as often as it stands. */
type Edge = Vertex | Linked;

const isVertex = (edge: Edge): edge is Vertex => "document" in edge;
const settled = (edge: Edge): Linked | undefined => (isVertex(edge) ? edge.linked : edge);

/** What is linked, by key. */
export interface LinkTable {
  readonly flags: ReadonlyMap<string, Linked>;
  readonly segments: ReadonlyMap<string, Linked>;
}

/** Links every document that `kept` does not hold; what it holds is as it was. */
export function link(documents: Documents, kept: LinkTable): LinkTable {
  return new Linker(documents, kept).run();
}

class Linker {
  private readonly flags = new Map<string, Edge>();
  private readonly segments = new Map<string, Edge>();
  private readonly path: Vertex[] = [];
  private count = 0;

  constructor(
    private readonly documents: Documents,
    kept: LinkTable,
  ) {
    for (const [key, document] of documents.flags) {
      this.flags.set(key, kept.flags.get(key) ?? this.vertex(document));
    }
    for (const [key, document] of documents.segments) {
      this.segments.set(key, kept.segments.get(key) ?? this.vertex(document));
    }
  }

  run(): LinkTable {
    const vertices = [...this.flags.values(), ...this.segments.values()].filter(isVertex);
    for (const vertex of vertices) {
      // A malformed document is broken whatever it names, and no circle leads through it.
      if (vertex.document.fault !== undefined) {
        vertex.linked = broken(vertex, vertex.document.fault.message);
      }
      vertex.edges = vertex.document.mentions
        .map((mention) => this.target(mention))
        .filter((edge) => edge !== undefined);
    }
    for (const vertex of vertices) {
      this.walk(vertex);
    }
    return { flags: linkedOf(this.flags), segments: linkedOf(this.segments) };
  }

  private vertex(document: FlagDocument | SegmentDocument): Vertex {
    const fault = document.fault?.message ?? this.unsound(document.mentions);
    return { document, fault, edges: [], number: 0, lowest: 0, onPath: false, linked: undefined };
  }

  private target({ kind, key }: Mention): Edge | undefined {
    return kind === "flag" ? this.flags.get(key) : kind === "segment" ? this.segments.get(key) : undefined;
  }

  /** What is wrong with what is named, if anything. */
  private unsound(mentions: readonly Mention[]): string | undefined {
    for (const mention of mentions) {
      const what = this.missing(mention);
      if (what !== undefined) {
        return `${mention.at}: ${what}`;
      }
    }
    return undefined;
  }

  private missing({ kind, key, variants }: Mention): string | undefined {
    switch (kind) {
      case "flag": {
        const flag = this.documents.flags.get(key);
        const unknown = variants.find((name) => flag?.variantNames.has(name) === false);
        if (unknown !== undefined) {
          return `the flag ${key} has no variant named ${unknown}`;
        }
        return flag === undefined ? `the environment has no flag ${key}` : undefined;
      }
      case "segment":
        return this.documents.segments.has(key) ? undefined : `the environment has no segment ${key}`;
      case "layer": {
        const layer = this.documents.layers.get(key);
        return layer?.draw === undefined ? `the environment has no sound layer ${key}` : undefined;
      }
    }
  }

  /** Tarjan's strongly connected components: they come out dependencies first, which is the order to link in. */
  private walk(start: Vertex): void {
    if (!this.enter(start)) {
      return;
    }
    const stack = [{ vertex: start, next: 0 }];
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const edge = top.vertex.edges[top.next++];
      if (edge === undefined) {
        stack.pop();
        this.leave(top.vertex, stack.at(-1)?.vertex);
      } else if (isVertex(edge)) {
        if (this.enter(edge)) {
          stack.push({ vertex: edge, next: 0 });
        } else if (edge.onPath) {
          top.vertex.lowest = Math.min(top.vertex.lowest, edge.number);
        }
      }
    }
  }

  /** Begins a vertex that is well-formed and new. */
  private enter(vertex: Vertex): boolean {
    if (vertex.linked !== undefined || vertex.number > 0) {
      return false;
    }
    vertex.number = vertex.lowest = ++this.count;
    vertex.onPath = true;
    this.path.push(vertex);
    return true;
  }

  /** Ends a vertex; when it is the root of a component, links the component. */
  private leave(vertex: Vertex, outer: Vertex | undefined): void {
    if (outer !== undefined) {
      outer.lowest = Math.min(outer.lowest, vertex.lowest);
    }
    if (vertex.lowest !== vertex.number) {
      return;
    }
    const component = this.path.splice(this.path.lastIndexOf(vertex));
    const inCircle = component.length > 1 || vertex.edges.includes(vertex);
    for (const member of component) {
      member.onPath = false;
      member.linked = inCircle ? broken(member, "its references lead back to itself") : this.linked(member);
    }
  }

  /** Links a vertex in no circle; all that it names is linked already. */
  private linked(vertex: Vertex): Linked {
    let [depth, expanded] = [0, 0];
    let { fault } = vertex;
    let { asks } = vertex.document;
    for (const edge of vertex.edges) {
      const other = settled(edge);
      expanded += 1;
      depth = Math.max(depth, 1);
      if (other?.fault === undefined) {
        expanded += other?.expanded ?? 0;
        depth = Math.max(depth, (other?.depth ?? 0) + 1);
        asks ||= other?.asks === true;
      } else if (other.node instanceof SegmentNode) {
        fault ??= `it names the segment ${other.node.document.key}, which is broken`;
      }
    }
    fault ??= overLimit(depth, expanded);
    if (fault !== undefined) {
      return broken(vertex, fault);
    }
    asks ||= vertex.document.mentions.some(({ kind, key }) => kind === "layer" && this.links.layer(key).by.asks);
    return { node: nodeOf(vertex.document, this.links, asks), fault, depth, expanded, asks };
  }

  /** What mentions lead to; asked only for documents that name nothing that is not there. */
  private readonly links: Links = {
    flag: (key) => known(nodeAt(this.flags, key, FlagNode)),
    segment: (key) => known(nodeAt(this.segments, key, SegmentNode)),
    layer: (key) => known(this.documents.layers.get(key)?.draw),
  };
}

function nodeOf(document: FlagDocument | SegmentDocument, links: Links | undefined, asks: boolean): Linked["node"] {
  return document.kind === "flag" ? new FlagNode(document, links, asks) : new SegmentNode(document, links);
}

function broken({ document }: Vertex, fault: string): Linked {
  return { node: nodeOf(document, undefined, false), fault, depth: 0, expanded: 0, asks: false };
}

function nodeAt<T>(edges: ReadonlyMap<string, Edge>, key: string, kind: new (...args: never[]) => T): T | undefined {
  const edge = edges.get(key);
  const node = edge && settled(edge)?.node;
  return node instanceof kind ? node : undefined;
}

/** What is there, since a document that names what is not there is never linked. */
function known<T>(found: T | undefined): T {
  if (found === undefined) {
    throw new Error("a document was linked before what it names");
  }
  return found;
}

function linkedOf(edges: ReadonlyMap<string, Edge>): ReadonlyMap<string, Linked> {
  const found = new Map<string, Linked>();
  for (const [key, edge] of edges) {
    found.set(key, known(settled(edge)));
  }
  return found;
}

function overLimit(depth: number, expanded: number): string | undefined {
  if (depth > DEPENDENCY_DEPTH) {
    return `its references form a chain of ${depth}; at most ${DEPENDENCY_DEPTH} are allowed`;
  }
  return expanded > EXPANDED_REFERENCES
    ? `expanded, it has ${expanded} references; at most ${EXPANDED_REFERENCES} are allowed`
    : undefined;
}
