/** Which keys do what in the tree; copy, cut and paste are events of their own. */
import type { Direction } from "./edits";

export type Command =
  | { name: "walk"; key: string }
  | { name: "move"; direction: Direction }
  | {
      name:
        | "edit"
        | "add"
        | "addGroup"
        | "switchKind"
        | "remove"
        | "wrap"
        | "dissolve"
        | "negate"
        | "undo"
        | "redo"
        | "help";
    };

export type Key = { key: string; ctrlKey: boolean; metaKey: boolean; shiftKey: boolean; altKey: boolean };

const DIRECTIONS: Record<string, Direction> = {
  ArrowUp: "up",
  ArrowDown: "down",
  ArrowLeft: "out",
  ArrowRight: "in",
};
const WALKS = new Set(["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End"]);

export function commandOf(event: Key): Command | null {
  const isCommand = event.ctrlKey || event.metaKey;
  if (event.altKey) {
    const direction = DIRECTIONS[event.key];
    return direction && !isCommand ? { name: "move", direction } : null;
  }
  return isCommand ? withCtrl(event.key.toLowerCase(), event.shiftKey) : plain(event.key);
}

function withCtrl(key: string, isShift: boolean): Command | null {
  if (key === "z") return { name: isShift ? "redo" : "undo" };
  if (key === "y") return { name: "redo" };
  if (key === "g") return { name: isShift ? "dissolve" : "wrap" };
  if (key === "n" && isShift) return { name: "negate" };
  return null;
}

function plain(key: string): Command | null {
  if (WALKS.has(key)) return { name: "walk", key };
  switch (key) {
    case "Enter":
    case "F2":
      return { name: "edit" };
    case " ":
      return { name: "switchKind" };
    case "Delete":
    case "Backspace":
      return { name: "remove" };
    case "Insert":
    case "+":
      return { name: "add" };
    // Browsers keep Ctrl+Shift+N to themselves in some modes, so one plain key does the same.
    case "!":
      return { name: "negate" };
    case "(":
      return { name: "addGroup" };
    case "?":
      return { name: "help" };
    default:
      return null;
  }
}
