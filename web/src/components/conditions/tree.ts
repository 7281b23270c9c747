/**
 * The tree behind the editor. Negation is a number on each node (how often `not` is wrapped around it) instead of a node
 * of its own, so that a row is always a group or a leaf; writing the tree gives back exactly what was read.
 */
import {
  type ConditionJson,
  type FilterJson,
  LANGUAGE_VERSION,
  type LeafJson,
  type NodeJson,
} from "./language";

export type GroupKind = "all" | "any";
export type Leaf = { id: string; kind: "leaf"; not: number; leaf: LeafJson };
export type Group = { id: string; kind: GroupKind; not: number; parts: TreeNode[] };
export type TreeNode = Leaf | Group;

export type Limits = { nodes: number; depth: number };
/** Used until the server has told its own. */
export const USUAL_LIMITS: Limits = { nodes: 500, depth: 20 };

/** A text that is no condition: what is wrong, and where. */
export class UnreadableCondition extends Error {
  readonly reason: "shape" | "size";
  readonly pointer: string;

  constructor(reason: "shape" | "size", pointer: string) {
    super(`${reason} at ${pointer}`);
    this.name = "UnreadableCondition";
    this.reason = reason;
    this.pointer = pointer;
  }
}

let lastId = 0;
/** Ids live as long as the page: they tie rows to their elements and are never saved. */
export function newId(): string {
  lastId += 1;
  return `n${lastId}`;
}

export const isGroup = (node: TreeNode): node is Group => node.kind !== "leaf";

export function newGroup(kind: GroupKind, parts: TreeNode[] = []): Group {
  return { id: newId(), kind, not: 0, parts };
}

export function newLeaf(leaf: LeafJson): Leaf {
  return { id: newId(), kind: "leaf", not: 0, leaf };
}

/** The root of the editor is a group, so that there is always something to add to. */
export function readCondition(json: ConditionJson, limits: Limits = USUAL_LIMITS): Group {
  const node = readNode(json.where, limits, "/where");
  return isGroup(node) ? node : newGroup("all", [node]);
}

export function writeCondition(root: Group): ConditionJson {
  return { version: LANGUAGE_VERSION, where: writeNode(root) };
}

export function writeNode(node: TreeNode): NodeJson {
  let json: NodeJson = isGroup(node) ? writeGroup(node) : node.leaf;
  for (let i = 0; i < node.not; i += 1) json = { not: json };
  return json;
}

function writeGroup(group: Group): NodeJson {
  const parts = group.parts.map(writeNode);
  return group.kind === "all" ? { all: parts } : { any: parts };
}

/** Raises UnreadableCondition for anything that is not a node of the language; names are not looked up here. */
export function readNode(json: unknown, limits: Limits = USUAL_LIMITS, pointer = ""): TreeNode {
  const count = { nodes: 0 };
  return read(json, pointer, 1, limits, count);
}

function read(
  json: unknown,
  pointer: string,
  depth: number,
  limits: Limits,
  count: { nodes: number },
): TreeNode {
  count.nodes += 1;
  if (depth > limits.depth || count.nodes > limits.nodes) throw new UnreadableCondition("size", pointer);
  if (!isObject(json)) throw new UnreadableCondition("shape", pointer);
  if ("not" in json) {
    const inner = read(json.not, `${pointer}/not`, depth + 1, limits, count);
    return { ...inner, not: inner.not + 1 };
  }
  for (const kind of ["all", "any"] as const) {
    if (!(kind in json)) continue;
    const parts = json[kind];
    if (!Array.isArray(parts)) throw new UnreadableCondition("shape", `${pointer}/${kind}`);
    const read_ = (part: unknown, i: number) =>
      read(part, `${pointer}/${kind}/${i}`, depth + 1, limits, count);
    return newGroup(kind, parts.map(read_));
  }
  if (!isLeaf(json)) throw new UnreadableCondition("shape", pointer);
  return newLeaf(json);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isLeaf(json: Record<string, unknown>): json is LeafJson {
  if ("segment" in json) return typeof json.segment === "string";
  if ("sequence" in json) {
    return (
      isPeriod(json.period) &&
      Array.isArray(json.sequence) &&
      json.sequence.every((step) => isObject(step) && typeof step.source === "string" && isWhere(step.where))
    );
  }
  if (typeof json.op !== "string" || !isValue(json.value)) return false;
  if ("measure" in json) {
    const { measure } = json;
    return (
      isObject(measure) &&
      typeof measure.name === "string" &&
      isWhere(measure.where) &&
      isPeriod(measure.period)
    );
  }
  return typeof json.field === "string";
}

function isWhere(where: unknown): where is FilterJson[] | undefined {
  if (where === undefined) return true;
  if (!Array.isArray(where)) return false;
  return where.every(
    (filter) =>
      isObject(filter) &&
      typeof filter.column === "string" &&
      typeof filter.op === "string" &&
      isValue(filter.value),
  );
}

const isPeriod = (period: unknown) => period === undefined || isObject(period);

function isValue(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isScalar);
  return value === undefined || isScalar(value) || (isObject(value) && typeof value.n === "number");
}

const isScalar = (value: unknown) => ["string", "number", "boolean"].includes(typeof value);

/** What was copied: a node, several, or a whole condition. Raises UnreadableCondition. */
export function readPasted(text: string, limits: Limits = USUAL_LIMITS): TreeNode[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new UnreadableCondition("shape", "");
  }
  if (isObject(json) && "where" in json && !("column" in json))
    return [readNode(json.where, limits, "/where")];
  if (!Array.isArray(json)) return [readNode(json, limits)];
  if (json.length === 0) throw new UnreadableCondition("shape", "");
  return json.map((part, i) => readNode(part, limits, `/${i}`));
}

export const writeCopied = (node: TreeNode): string => JSON.stringify(writeNode(node), null, 2);

export type Found = { node: TreeNode; parent: Group | null; index: number };

export function find(root: Group, id: string): Found | null {
  if (root.id === id) return { node: root, parent: null, index: 0 };
  for (const [index, node] of root.parts.entries()) {
    if (node.id === id) return { node, parent: root, index };
    const inside = isGroup(node) ? find(node, id) : null;
    if (inside) return inside;
  }
  return null;
}

export const contains = (node: TreeNode, id: string): boolean =>
  node.id === id || (isGroup(node) && node.parts.some((part) => contains(part, id)));

export function countNodes(node: TreeNode): number {
  const own = 1 + node.not;
  return isGroup(node) ? node.parts.reduce((sum, part) => sum + countNodes(part), own) : own;
}

export const countLeaves = (node: TreeNode): number =>
  isGroup(node) ? node.parts.reduce((sum, part) => sum + countLeaves(part), 0) : 1;

/** The node a JSON pointer of the server leads to, and the rest of the pointer inside of that node. */
export function nodeAt(root: Group, pointer: string): { node: TreeNode; rest: string[] } {
  const tokens = pointer.split("/").slice(1).map(unescapeToken);
  if (tokens[0] === "where") tokens.shift();
  let node: TreeNode = root;
  for (;;) {
    for (let i = 0; i < node.not && tokens[0] === "not"; i += 1) tokens.shift();
    if (!isGroup(node) || tokens[0] !== node.kind) return { node, rest: tokens };
    const part: TreeNode | undefined = node.parts[Number(tokens[1])];
    if (!part) return { node, rest: tokens };
    node = part;
    tokens.splice(0, 2);
  }
}

const unescapeToken = (token: string) => token.replaceAll("~1", "/").replaceAll("~0", "~");

/** The pointer of every node, as the server writes it. */
export function pointersOf(root: Group): Map<string, string> {
  const pointers = new Map<string, string>();
  const walk = (node: TreeNode, outer: string) => {
    pointers.set(node.id, outer);
    if (!isGroup(node)) return;
    const inner = outer + "/not".repeat(node.not);
    for (const [index, part] of node.parts.entries()) walk(part, `${inner}/${node.kind}/${index}`);
  };
  walk(root, "/where");
  return pointers;
}
