import { createContext, type PointerEvent, use } from "react";
import type { Direction } from "./edits";
import type { LeafJson } from "./language";
import type { GroupKind } from "./tree";
import type { Drag } from "./use-drag";

/** A problem of the server at a node, with the rest of its pointer inside of the node. */
export type Mark = { message: string; rest: string[] };

/** Everything rows show besides the tree itself, and everything they can ask for. */
export type Ui = {
  focus: string;
  editing: string | null;
  folded: ReadonlySet<string>;
  marks: ReadonlyMap<string, Mark[]>;
  drag: Drag | null;
  mayEdit: boolean;
  startDrag: (id: string, event: PointerEvent) => void;
  setFolded: (id: string, isFolded: boolean) => void;
  edit: (id: string) => void;
  stopEditing: (id: string) => void;
  /** Opens the palette: for a new row in or behind this node, or for another operand of this leaf. */
  choose: (id: string, purpose: "add" | "replace") => void;
  addGroup: (id: string) => void;
  setLeaf: (id: string, leaf: LeafJson, part: string) => void;
  setKind: (id: string, kind: GroupKind) => void;
  negate: (id: string) => void;
  remove: (id: string) => void;
  move: (id: string, direction: Direction) => void;
  wrap: (id: string) => void;
  dissolve: (id: string) => void;
  copy: (id: string) => void;
  cut: (id: string) => void;
  paste: (id: string) => void;
};

export const UiContext = createContext<Ui | null>(null);

export function useUi(): Ui {
  const ui = use(UiContext);
  if (!ui) throw new Error("useUi outside of UiContext");
  return ui;
}
