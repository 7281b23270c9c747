import { expect, it } from "vitest";
import { moveNode, placeTowards, withNewIds } from "./edits";
import { type EditorAction, type EditorState, reduceEditor, startEditor } from "./history";
import type { NodeJson } from "./language";
import { type Group, newGroup, newLeaf, readNode, type TreeNode, writeNode } from "./tree";

const leaf = (name: string) => newLeaf({ segment: name });

/** all[a, any[b, c], d] */
function sample() {
  const [a, b, c, d] = ["a", "b", "c", "d"].map(leaf) as [TreeNode, TreeNode, TreeNode, TreeNode];
  const inner = newGroup("any", [b, c]);
  const root = newGroup("all", [a, inner, d]);
  return { a, b, c, d, inner, root, state: startEditor(root) };
}

/** The tree in few letters, e.g. "(a [b c] d)": round for all, square for any, "!" for not. */
function shape(node: TreeNode): string {
  const write = (json: NodeJson): string => {
    if ("not" in json) return `!${write(json.not)}`;
    if ("all" in json) return `(${json.all.map(write).join(" ")})`;
    if ("any" in json) return `[${json.any.map(write).join(" ")}]`;
    return "segment" in json ? json.segment : "?";
  };
  return write(writeNode(node));
}

const run = (state: EditorState, ...actions: EditorAction[]) => actions.reduce(reduceEditor, state);

it("undoes and redoes every kind of change, focus included", () => {
  const { state, a, inner, root } = sample();
  const added = leaf("e");
  const actions: EditorAction[] = [
    { type: "insert", place: { groupId: inner.id, index: 1 }, nodes: [added] },
    { type: "toggleNot", id: a.id },
    { type: "setKind", id: root.id, kind: "any" },
    { type: "move", id: a.id, place: { groupId: inner.id, index: 0 } },
    { type: "wrap", id: added.id },
    { type: "remove", id: inner.id },
  ];
  const states = [state];
  for (const action of actions) states.push(reduceEditor(states.at(-1) ?? state, action));
  let now = states.at(-1) ?? state;
  expect(shape(now.root)).toBe("[d]");
  for (const before of states.slice(0, -1).reverse()) {
    now = reduceEditor(now, { type: "undo" });
    expect(now.root).toBe(before.root);
    expect(now.focus).toBe(before.focus);
  }
  expect(reduceEditor(now, { type: "undo" })).toBe(now);
  for (const after of states.slice(1)) {
    now = reduceEditor(now, { type: "redo" });
    expect(now.root).toBe(after.root);
  }
  expect(reduceEditor(now, { type: "redo" })).toBe(now);
});

it("makes typing in one field one step, and another field or row a new one", () => {
  const { state, a, b } = sample();
  const type = (id: string, segment: string, merge: string): EditorAction => ({
    type: "setLeaf",
    id,
    leaf: { segment },
    merge,
  });
  const typed = run(state, type(a.id, "x", "value"), type(a.id, "xy", "value"), type(a.id, "xyz", "value"));
  expect(typed.past).toHaveLength(1);
  expect(shape(run(typed, { type: "undo" }).root)).toBe("(a [b c] d)");
  expect(run(typed, type(a.id, "q", "op")).past).toHaveLength(2);
  expect(run(typed, type(b.id, "q", "value")).past).toHaveLength(2);
  expect(run(typed, { type: "undo" }, type(a.id, "n", "value")).future).toEqual([]);
});

it("forgets what could be redone once something else changes, and keeps no step for what changes nothing", () => {
  const { state, a, root } = sample();
  const undone = run(state, { type: "toggleNot", id: a.id }, { type: "undo" });
  expect(undone.future).toHaveLength(1);
  expect(run(undone, { type: "toggleNot", id: root.id }).future).toEqual([]);
  expect(run(state, { type: "remove", id: root.id })).toBe(state);
  expect(run(state, { type: "setKind", id: root.id, kind: "all" })).toBe(state);
});

it("gives the focus to the next row after removing one, then to the one before, then to the group", () => {
  const { state, b, c, inner } = sample();
  const once = run(state, { type: "remove", id: b.id });
  expect(once.focus).toBe(c.id);
  expect(run(once, { type: "remove", id: c.id }).focus).toBe(inner.id);
});

it.each([
  ["a", "down", "([b c] a d)"],
  ["a", "up", "(a [b c] d)"],
  ["a", "in", "([a b c] d)"],
  ["d", "in", "(a [b c d])"],
  ["b", "up", "(a b [c] d)"],
  ["c", "down", "(a [b] c d)"],
  ["c", "out", "(a [b] c d)"],
  ["b", "in", "(a [b c] d)"],
] as const)("moves %s %s", (name, direction, wanted) => {
  const nodes = sample();
  const next = run(nodes.state, { type: "moveTowards", id: nodes[name].id, direction });
  expect(shape(next.root)).toBe(wanted);
  expect(next.focus === nodes[name].id || next === nodes.state).toBe(true);
});

it("never moves a group into itself", () => {
  const { root, inner } = sample();
  expect(moveNode(root, inner.id, { groupId: inner.id, index: 0 })).toBe(root);
  expect(placeTowards(root, root.id, "up")).toBeNull();
});

it("wraps in a group of the other kind, and dissolves it again", () => {
  const { state, a, root } = sample();
  const wrapped = run(state, { type: "wrap", id: a.id });
  expect(shape(wrapped.root)).toBe("([a] [b c] d)");
  expect(shape(run(wrapped, { type: "dissolve", id: wrapped.focus }).root)).toBe("(a [b c] d)");
  expect(run(state, { type: "wrap", id: root.id })).toBe(state);
});

it("keeps the meaning when it dissolves a negated group, or refuses", () => {
  const { state, inner, c } = sample();
  const negated = run(state, { type: "toggleNot", id: inner.id });
  expect(run(negated, { type: "dissolve", id: inner.id })).toBe(negated);
  const single = run(negated, { type: "remove", id: c.id }, { type: "dissolve", id: inner.id });
  expect(shape(single.root)).toBe("(a !b d)");
});

it("leaves unchanged rows the same objects", () => {
  const { state, b, a } = sample();
  const next = run(state, { type: "toggleNot", id: b.id });
  expect(next.root.parts[0]).toBe(a);
  expect(next.root.parts[1]).not.toBe(state.root.parts[1]);
});

it("gives a pasted copy ids of its own", () => {
  const { inner } = sample();
  const copy = withNewIds(inner) as Group;
  expect(shape(copy)).toBe(shape(inner));
  expect(copy.id).not.toBe(inner.id);
  expect(copy.parts[0]?.id).not.toBe(inner.parts[0]?.id);
  expect(shape(readNode(writeNode(copy)))).toBe("[b c]");
});
