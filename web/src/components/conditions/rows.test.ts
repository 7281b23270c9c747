import { expect, it } from "vitest";
import { commandOf, type Key } from "./keys";
import { dropPlace, placeFor, visibleRows, walkTree } from "./rows";
import { newGroup, newLeaf, type TreeNode } from "./tree";

const leaf = (name: string) => newLeaf({ segment: name });
const [a, b, c, d] = ["a", "b", "c", "d"].map(leaf) as [TreeNode, TreeNode, TreeNode, TreeNode];
const inner = newGroup("any", [b, c]);
const root = newGroup("all", [a, inner, d]);
const NONE: ReadonlySet<string> = new Set();
const FOLDED: ReadonlySet<string> = new Set([inner.id]);

it("lists the rows one sees, with folded groups closed", () => {
  const ids = (folded: ReadonlySet<string>) => visibleRows(root, folded).map((row) => row.node.id);
  expect(ids(NONE)).toEqual([root, a, inner, b, c, d].map((node) => node.id));
  expect(ids(FOLDED)).toEqual([root, a, inner, d].map((node) => node.id));
});

it("walks as trees do: down and up, into and out of groups, folding first", () => {
  const walk = (focus: TreeNode, key: string, folded = NONE) =>
    walkTree(visibleRows(root, folded), focus.id, key, folded);
  expect(walk(inner, "ArrowDown")).toEqual({ focus: b.id });
  expect(walk(inner, "ArrowDown", FOLDED)).toEqual({ focus: d.id });
  expect(walk(root, "ArrowUp")).toBeNull();
  expect(walk(inner, "ArrowLeft")).toEqual({ fold: inner.id });
  expect(walk(inner, "ArrowLeft", FOLDED)).toEqual({ focus: root.id });
  expect(walk(b, "ArrowLeft")).toEqual({ focus: inner.id });
  expect(walk(inner, "ArrowRight", FOLDED)).toEqual({ unfold: inner.id });
  expect(walk(inner, "ArrowRight")).toEqual({ focus: b.id });
  expect(walk(a, "ArrowRight")).toBeNull();
  expect(walk(a, "End")).toEqual({ focus: d.id });
  expect(walk(d, "Home")).toEqual({ focus: root.id });
});

it("adds behind a leaf and at the end of a group", () => {
  expect(placeFor(root, a.id)).toEqual({ groupId: root.id, index: 1 });
  expect(placeFor(root, inner.id)).toEqual({ groupId: inner.id, index: 2 });
  expect(placeFor(root, "gone")).toEqual({ groupId: root.id, index: 3 });
});

it("drops before and after rows, into groups, and nowhere it cannot", () => {
  const at = (node: TreeNode, isUpperHalf: boolean, isFolded = false) =>
    ({ kind: "row", id: node.id, isUpperHalf, isFolded }) as const;
  expect(dropPlace(root, d.id, at(b, true))).toEqual({ groupId: inner.id, index: 0 });
  expect(dropPlace(root, d.id, at(b, false))).toEqual({ groupId: inner.id, index: 1 });
  expect(dropPlace(root, d.id, at(inner, true))).toEqual({ groupId: root.id, index: 1 });
  expect(dropPlace(root, d.id, at(inner, false))).toEqual({ groupId: inner.id, index: 0 });
  expect(dropPlace(root, d.id, at(inner, false, true))).toEqual({ groupId: inner.id, index: 2 });
  expect(dropPlace(root, b.id, { kind: "end", groupId: root.id })).toEqual({ groupId: root.id, index: 3 });
  expect(dropPlace(root, d.id, at(root, false))).toEqual({ groupId: root.id, index: 0 });
  expect(dropPlace(root, inner.id, at(b, true))).toBeNull();
  expect(dropPlace(root, inner.id, { kind: "end", groupId: inner.id })).toBeNull();
  expect(dropPlace(root, a.id, at(a, false))).toBeNull();
  expect(dropPlace(root, a.id, at(inner, true))).toBeNull();
  expect(dropPlace(root, root.id, at(a, true))).toBeNull();
});

it("knows its keys and leaves all others to the browser", () => {
  const key = (name: string, held: Partial<Key> = {}): Key => ({
    key: name,
    ctrlKey: false,
    metaKey: false,
    shiftKey: false,
    altKey: false,
    ...held,
  });
  const ctrl = { ctrlKey: true };
  expect(commandOf(key("ArrowDown"))).toEqual({ name: "walk", key: "ArrowDown" });
  expect(commandOf(key("ArrowUp", { altKey: true }))).toEqual({ name: "move", direction: "up" });
  expect(commandOf(key("ArrowRight", { altKey: true }))).toEqual({ name: "move", direction: "in" });
  expect(commandOf(key("z", ctrl))).toEqual({ name: "undo" });
  expect(commandOf(key("Z", { ...ctrl, shiftKey: true }))).toEqual({ name: "redo" });
  expect(commandOf(key("y", { metaKey: true }))).toEqual({ name: "redo" });
  expect(commandOf(key("N", { ...ctrl, shiftKey: true }))).toEqual({ name: "negate" });
  expect(commandOf(key("!"))).toEqual({ name: "negate" });
  expect(commandOf(key("g", ctrl))).toEqual({ name: "wrap" });
  expect(commandOf(key("G", { ...ctrl, shiftKey: true }))).toEqual({ name: "dissolve" });
  for (const other of [key("c", ctrl), key("v", ctrl), key("a"), key("Tab"), key("F5")]) {
    expect(commandOf(other)).toBeNull();
  }
});
