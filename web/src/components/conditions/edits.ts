/** Changes of the tree, each from one tree to another; an impossible one gives back the tree it got. */
import { contains, find, type Group, type GroupKind, isGroup, newId, type TreeNode } from "./tree";

export type Place = { groupId: string; index: number };
export type Direction = "up" | "down" | "out" | "in";

/** Replaces one node; every node beside its ancestors stays the same object, so that unchanged rows are not drawn again. */
export function replaceNode(root: Group, id: string, change: (node: TreeNode) => TreeNode): Group {
  const walk = (node: TreeNode): TreeNode => {
    if (node.id === id) return change(node);
    if (!isGroup(node)) return node;
    const parts = node.parts.map(walk);
    return parts.some((part, i) => part !== node.parts[i]) ? { ...node, parts } : node;
  };
  const changed = walk(root);
  return isGroup(changed) ? changed : root;
}

function changeParts(root: Group, groupId: string, change: (parts: TreeNode[]) => TreeNode[]): Group {
  return replaceNode(root, groupId, (node) =>
    isGroup(node) ? { ...node, parts: change(node.parts) } : node,
  );
}

export function insertNodes(root: Group, place: Place, nodes: TreeNode[]): Group {
  return changeParts(root, place.groupId, (parts) => parts.toSpliced(place.index, 0, ...nodes));
}

export function removeNode(root: Group, id: string): Group {
  const found = find(root, id);
  if (!found?.parent) return root;
  return changeParts(root, found.parent.id, (parts) => parts.toSpliced(found.index, 1));
}

/** The place is meant in the tree as it is before the move. */
export function moveNode(root: Group, id: string, place: Place): Group {
  const found = find(root, id);
  if (!found?.parent || contains(found.node, place.groupId)) return root;
  const isSameGroup = found.parent.id === place.groupId;
  const index = isSameGroup && place.index > found.index ? place.index - 1 : place.index;
  if (isSameGroup && index === found.index) return root;
  return insertNodes(removeNode(root, id), { ...place, index }, [found.node]);
}

/** Where a move by keyboard leads: past a neighbour, out of the group at its ends, or into the group beside it. */
export function placeTowards(root: Group, id: string, direction: Direction): Place | null {
  const found = find(root, id);
  if (!found?.parent) return null;
  const { parent, index } = found;
  const outer = find(root, parent.id);
  const before = parent.parts[index - 1];
  const after = parent.parts[index + 1];
  if (direction === "in") {
    if (before && isGroup(before)) return { groupId: before.id, index: before.parts.length };
    return after && isGroup(after) ? { groupId: after.id, index: 0 } : null;
  }
  if (direction === "up" && before) return { groupId: parent.id, index: index - 1 };
  if (direction === "down" && after) return { groupId: parent.id, index: index + 2 };
  if (!outer?.parent) return null;
  return { groupId: outer.parent.id, index: direction === "up" ? outer.index : outer.index + 1 };
}

export function setKind(root: Group, id: string, kind: GroupKind): Group {
  return replaceNode(root, id, (node) => (isGroup(node) && node.kind !== kind ? { ...node, kind } : node));
}

export function toggleNot(root: Group, id: string): Group {
  return replaceNode(root, id, (node) => ({ ...node, not: node.not > 0 ? node.not - 1 : 1 }));
}

/** Puts a group around a node, of the other kind than the one it stands in: one of the same kind would change nothing. */
export function wrapNode(root: Group, id: string): { root: Group; groupId: string } | null {
  const found = find(root, id);
  if (!found?.parent) return null;
  const group: Group = {
    id: newId(),
    kind: found.parent.kind === "all" ? "any" : "all",
    not: 0,
    parts: [found.node],
  };
  return { root: replaceNode(root, id, () => group), groupId: group.id };
}

/** Takes a group away and leaves its parts; a negated group of several parts has no such form. */
export function dissolveGroup(root: Group, id: string): Group {
  const found = find(root, id);
  if (!found?.parent || !isGroup(found.node)) return root;
  const { node, parent, index } = found;
  if (node.not > 0 && node.parts.length !== 1) return root;
  const parts = node.parts.map((part) => (node.not ? { ...part, not: part.not + node.not } : part));
  return changeParts(root, parent.id, (siblings) => siblings.toSpliced(index, 1, ...parts));
}

/** A copy with ids of its own, so that it can stand beside the original. */
export function withNewIds(node: TreeNode): TreeNode {
  return isGroup(node)
    ? { ...node, id: newId(), parts: node.parts.map(withNewIds) }
    : { ...node, id: newId() };
}
