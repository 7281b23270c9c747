/** The tree as the rows one sees, top to bottom: what arrow keys walk through and what a dragged row is dropped on. */
import type { Place } from "./edits";
import { contains, find, type Group, isGroup, type TreeNode } from "./tree";

export type Row = { node: TreeNode; parent: Group | null; index: number; depth: number };

export function visibleRows(root: Group, folded: ReadonlySet<string>): Row[] {
  const rows: Row[] = [];
  const walk = (node: TreeNode, parent: Group | null, index: number, depth: number) => {
    rows.push({ node, parent, index, depth });
    if (!isGroup(node) || folded.has(node.id)) return;
    for (const [i, part] of node.parts.entries()) walk(part, node, i, depth + 1);
  };
  walk(root, null, 0, 1);
  return rows;
}

/** What a key of a tree does, as the ARIA practices say: fold, unfold or walk. */
export type Walk = { focus: string } | { fold: string } | { unfold: string } | null;

export function walkTree(rows: Row[], focus: string, key: string, folded: ReadonlySet<string>): Walk {
  const at = rows.findIndex((row) => row.node.id === focus);
  const row = rows[at];
  const target = (to: Row | undefined): Walk => (to ? { focus: to.node.id } : null);
  switch (key) {
    case "ArrowDown":
      return target(rows[at + 1]);
    case "ArrowUp":
      return target(rows[at - 1]);
    case "Home":
      return target(rows[0]);
    case "End":
      return target(rows.at(-1));
    case "ArrowLeft":
      if (row && isGroup(row.node) && !folded.has(focus) && row.parent) return { fold: focus };
      return row?.parent ? { focus: row.parent.id } : null;
    case "ArrowRight":
      if (!row || !isGroup(row.node)) return null;
      return folded.has(focus)
        ? { unfold: focus }
        : target(rows[at + 1]?.depth === row.depth + 1 ? rows[at + 1] : undefined);
    default:
      return null;
  }
}

/** Where new rows go when this row has the focus: to the end of a group, or behind a leaf. */
export function placeFor(root: Group, focus: string): Place {
  const found = find(root, focus);
  if (!found) return { groupId: root.id, index: root.parts.length };
  if (isGroup(found.node)) return { groupId: found.node.id, index: found.node.parts.length };
  return found.parent
    ? { groupId: found.parent.id, index: found.index + 1 }
    : { groupId: root.id, index: root.parts.length };
}

export type DropTarget =
  | { kind: "row"; id: string; isUpperHalf: boolean; isFolded: boolean }
  /** The line at the end of a group that offers to add. */
  | { kind: "end"; groupId: string };

/** Where a dragged row would go, or null where it cannot: onto itself or into its own inside. */
export function dropPlace(root: Group, draggedId: string, target: DropTarget): Place | null {
  const dragged = find(root, draggedId);
  if (!dragged?.parent) return null;
  const place = target.kind === "end" ? endOf(root, target.groupId) : placeAtRow(root, target);
  if (!place || contains(dragged.node, place.groupId)) return null;
  const isSamePlace =
    dragged.parent.id === place.groupId &&
    (place.index === dragged.index || place.index === dragged.index + 1);
  return isSamePlace ? null : place;
}

function endOf(root: Group, groupId: string): Place | null {
  const group = find(root, groupId)?.node;
  return group && isGroup(group) ? { groupId, index: group.parts.length } : null;
}

function placeAtRow(root: Group, target: Extract<DropTarget, { kind: "row" }>): Place | null {
  const found = find(root, target.id);
  if (!found) return null;
  if (isGroup(found.node) && !found.parent) return { groupId: root.id, index: 0 };
  if (!found.parent) return null;
  if (target.isUpperHalf) return { groupId: found.parent.id, index: found.index };
  if (isGroup(found.node)) {
    return { groupId: found.node.id, index: target.isFolded ? found.node.parts.length : 0 };
  }
  return { groupId: found.parent.id, index: found.index + 1 };
}
