/**
 * Links documents to what they name, dependencies first, and finds what is broken by what it names. Walks with its own
 * stack, so that a long chain cannot overflow the language's. Must not read documents.
 */
import type { Links, Mention } from "../condition/draft.js";
import type { FlagDocument } from "../document/flag.js";
import type { SegmentDocument } from "../document/segment.js";
import { FlagNode } from "../evaluate/flag.js";
import { SegmentNode } from "../evaluate/segment.js";
import type { Status } from "../evaluate/status.js";
import { DEPENDENCY_DEPTH, EXPANDED_REFERENCES } from "../limits.js";
import type { Documents, Name } from "./documents.js";

type Document = FlagDocument | SegmentDocument;
type Node = FlagNode | SegmentNode;

/** What is linked, by key. */
export interface LinkTable {
  readonly flags: ReadonlyMap<string, FlagNode>;
  readonly segments: ReadonlyMap<string, SegmentNode>;
}

/** A flag or a segment that is being linked. */
interface Vertex {
  readonly document: Document;
  /** Each reference, as often as it stands. */
  edges: readonly (Vertex | Node)[];
  /** Tarjan's marks: the order of discovery (0: not yet), and the earliest vertex reachable. */
  number: number;
  lowest: number;
  onPath: boolean;
  node: Node | undefined;
}

const isVertex = (edge: Vertex | Node): edge is Vertex => "onPath" in edge;
const nodeOf = (edge: Vertex | Node): Node => (isVertex(edge) ? known(edge.node) : edge);

/** Links all documents. */
export function linkAll(documents: Documents): LinkTable {
  const table = { flags: new Map<string, FlagNode>(), segments: new Map<string, SegmentNode>() };
  new Linker(documents, table).link([...documents.flags.values(), ...documents.segments.values()]);
  return table;
}

/** Links the affected documents again; what else was linked before is as it was. */
export function linkAgain(documents: Documents, before: LinkTable, affected: ReadonlySet<Name>): LinkTable {
  const table = { flags: new Map(before.flags), segments: new Map(before.segments) };
  const again: Document[] = [];
  const take = (name: Name, kind: "flag" | "segment"): void => {
    const key = name.slice(kind.length + 1);
    const document = kind === "flag" ? documents.flags.get(key) : documents.segments.get(key);
    if (document === undefined) {
      table[`${kind}s`].delete(key);
    } else {
      again.push(document);
    }
  };
  for (const name of affected) {
    if (name.startsWith("flag:")) {
      take(name, "flag");
    } else if (name.startsWith("segment:")) {
      take(name, "segment");
    }
  }
  new Linker(documents, table).link(again);
  return table;
}

class Linker {
  private readonly flags = new Map<string, Vertex>();
  private readonly segments = new Map<string, Vertex>();
  private readonly path: Vertex[] = [];
  private count = 0;
  /** What mentions lead to; asked only for documents that name nothing that is not there. */
  private readonly links: Links;

  constructor(
    private readonly documents: Documents,
    private readonly table: { flags: Map<string, FlagNode>; segments: Map<string, SegmentNode> },
  ) {
    this.links = {
      flag: (key) => known(table.flags.get(key)),
      segment: (key) => known(table.segments.get(key)),
      layer: (key) => known(documents.layers.get(key)?.draw),
    };
  }

  link(documents: readonly Document[]): void {
    const vertices = documents.map((document) => this.vertex(document));
    for (const vertex of vertices) {
      const { fault, mentions } = vertex.document;
      if (fault !== undefined) {
        // A malformed document is broken whatever it names, and no circle leads through it.
        this.settle(vertex, fault.detail);
      } else {
        vertex.edges = mentions.map((mention) => this.target(mention)).filter((edge) => edge !== undefined);
      }
    }
    for (const vertex of vertices) {
      this.walk(vertex);
    }
  }

  private vertex(document: Document): Vertex {
    const vertex: Vertex = { document, edges: [], number: 0, lowest: 0, onPath: false, node: undefined };
    (document.kind === "flag" ? this.flags : this.segments).set(document.key, vertex);
    return vertex;
  }

  private target({ kind, key }: Mention): Vertex | Node | undefined {
    switch (kind) {
      case "flag":
        return this.flags.get(key) ?? this.table.flags.get(key);
      case "segment":
        return this.segments.get(key) ?? this.table.segments.get(key);
      case "layer":
        return undefined;
    }
  }

  /** What is wrong with what is named, if anything. */
  private missing({ kind, key, variants }: Mention): string | undefined {
    switch (kind) {
      case "flag": {
        const flag = this.documents.flags.get(key);
        if (flag === undefined) {
          return `it names the flag ${key}, which the environment does not have`;
        }
        const unknown = variants.find((name) => !flag.variantNames.has(name));
        return unknown && `it names the variant ${unknown} of the flag ${key}, which does not have it`;
      }
      case "segment":
        return this.documents.segments.has(key)
          ? undefined
          : `it names the segment ${key}, which the environment does not have`;
      case "layer":
        return this.documents.layers.get(key)?.draw === undefined
          ? `it names the layer ${key}, which the environment does not have or is malformed`
          : undefined;
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
    if (vertex.node !== undefined || vertex.number > 0) {
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
      if (inCircle) {
        this.settle(member, "its references lead back to itself");
      } else {
        this.linkOne(member);
      }
    }
  }

  /** Links a vertex in no circle; all that it names is linked already. */
  private linkOne(vertex: Vertex): void {
    const { mentions, asks } = vertex.document;
    const status = { fault: undefined as string | undefined, depth: 0, expanded: 0, asks };
    for (const mention of mentions) {
      status.fault ??= this.missing(mention);
      status.asks ||= mention.kind === "layer" && this.documents.layers.get(mention.key)?.draw?.by.asks === true;
    }
    for (const edge of vertex.edges) {
      addEdge(status, nodeOf(edge));
    }
    status.fault ??= overLimit(status);
    this.settle(vertex, status.fault, status);
  }

  /** Makes the node of a vertex; a fault breaks it. */
  private settle(vertex: Vertex, fault: string | undefined, sound?: Status): void {
    const { document } = vertex;
    const status = fault === undefined && sound ? sound : { fault, depth: 0, expanded: 0, asks: false };
    const links = fault === undefined ? this.links : undefined;
    if (document.kind === "flag") {
      const node = new FlagNode(document, links, status);
      vertex.node = node;
      this.table.flags.set(document.key, node);
    } else {
      const node = new SegmentNode(document, links, status);
      vertex.node = node;
      this.table.segments.set(document.key, node);
    }
  }
}

/** Counts one reference, and all that stand behind it. */
function addEdge(status: { -readonly [name in keyof Status]: Status[name] }, node: Node): void {
  const other = node.status;
  status.expanded += 1;
  status.depth = Math.max(status.depth, 1);
  if (other.fault === undefined) {
    status.expanded += other.expanded;
    status.depth = Math.max(status.depth, other.depth + 1);
    status.asks ||= other.asks;
  } else if (node instanceof SegmentNode) {
    status.fault ??= `it names the segment ${node.document.key}, which is broken`;
  }
}

function overLimit({ depth, expanded }: Status): string | undefined {
  if (depth > DEPENDENCY_DEPTH) {
    return `its references form a chain of ${depth}; at most ${DEPENDENCY_DEPTH} are allowed`;
  }
  return expanded > EXPANDED_REFERENCES
    ? `expanded, it has ${expanded} references; at most ${EXPANDED_REFERENCES} are allowed`
    : undefined;
}

/** What is there, since a document is linked after all that it names. */
function known<T>(found: T | undefined): T {
  if (found === undefined) {
    throw new Error("a document was linked before what it names");
  }
  return found;
}
