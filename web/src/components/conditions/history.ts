/** The editor's state: the tree, what can be undone and redone, and the row that has the focus. */
import {
  type Direction,
  dissolveGroup,
  insertNodes,
  moveNode,
  type Place,
  placeTowards,
  removeNode,
  replaceNode,
  setKind,
  toggleNot,
  wrapNode,
} from "./edits";
import type { LeafJson } from "./language";
import { find, type Group, type GroupKind, isGroup, type TreeNode } from "./tree";

const STEPS_KEPT = 200;

type Moment = { root: Group; focus: string };
export type EditorState = Moment & {
  past: Moment[];
  future: Moment[];
  /** Changes with the same word are one step of undo, as letters typed into one field are. */
  lastMerge: string | null;
};

export type EditorAction =
  | { type: "insert"; place: Place; nodes: TreeNode[] }
  | { type: "remove"; id: string }
  | { type: "move"; id: string; place: Place }
  | { type: "moveTowards"; id: string; direction: Direction }
  | { type: "setLeaf"; id: string; leaf: LeafJson; merge?: string }
  | { type: "setKind"; id: string; kind: GroupKind }
  | { type: "toggleNot"; id: string }
  | { type: "wrap"; id: string }
  | { type: "dissolve"; id: string }
  | { type: "focus"; id: string }
  | { type: "undo" }
  | { type: "redo" }
  | { type: "load"; root: Group };

export function startEditor(root: Group): EditorState {
  return { root, focus: root.id, past: [], future: [], lastMerge: null };
}

export function reduceEditor(state: EditorState, action: EditorAction): EditorState {
  switch (action.type) {
    case "load":
      return startEditor(action.root);
    case "focus":
      return action.id === state.focus ? state : { ...state, focus: action.id, lastMerge: null };
    case "undo":
      return stepBack(state);
    case "redo":
      return stepForward(state);
    default:
      return change(state, action);
  }
}

type Changing = Exclude<EditorAction, { type: "load" | "focus" | "undo" | "redo" }>;

function change(state: EditorState, action: Changing): EditorState {
  const next = apply(state, action);
  if (next.root === state.root) return state;
  const merge = action.type === "setLeaf" && action.merge ? `${action.id} ${action.merge}` : null;
  const isMerged = merge !== null && merge === state.lastMerge;
  const past = isMerged ? state.past : [...state.past, momentOf(state)].slice(-STEPS_KEPT);
  return { ...next, past, future: [], lastMerge: merge };
}

const momentOf = ({ root, focus }: EditorState): Moment => ({ root, focus });

function apply({ root, focus }: EditorState, action: Changing): Moment {
  switch (action.type) {
    case "insert":
      return { root: insertNodes(root, action.place, action.nodes), focus: action.nodes[0]?.id ?? focus };
    case "remove":
      return { root: removeNode(root, action.id), focus: focusAfterRemoving(root, action.id, focus) };
    case "move":
      return { root: moveNode(root, action.id, action.place), focus: action.id };
    case "moveTowards": {
      const place = placeTowards(root, action.id, action.direction);
      return { root: place ? moveNode(root, action.id, place) : root, focus: action.id };
    }
    case "setLeaf":
      return { root: replaceNode(root, action.id, (node) => withLeaf(node, action.leaf)), focus };
    case "setKind":
      return { root: setKind(root, action.id, action.kind), focus };
    case "toggleNot":
      return { root: toggleNot(root, action.id), focus };
    case "wrap": {
      const wrapped = wrapNode(root, action.id);
      return wrapped ? { root: wrapped.root, focus: wrapped.groupId } : { root, focus };
    }
    case "dissolve": {
      const node = find(root, action.id)?.node;
      const first = node && isGroup(node) ? node.parts[0]?.id : undefined;
      return {
        root: dissolveGroup(root, action.id),
        focus: first ?? focusAfterRemoving(root, action.id, focus),
      };
    }
  }
}

const withLeaf = (node: TreeNode, leaf: LeafJson): TreeNode => (isGroup(node) ? node : { ...node, leaf });

/** The row that moves up into the place of the removed one, else the one before it, else the group. */
function focusAfterRemoving(root: Group, id: string, focus: string): string {
  const found = find(root, id);
  if (!found?.parent) return focus;
  const { parts } = found.parent;
  return (parts[found.index + 1] ?? parts[found.index - 1] ?? found.parent).id;
}

function stepBack(state: EditorState): EditorState {
  const last = state.past.at(-1);
  if (!last) return state;
  return {
    ...last,
    past: state.past.slice(0, -1),
    future: [momentOf(state), ...state.future],
    lastMerge: null,
  };
}

function stepForward(state: EditorState): EditorState {
  const [next, ...future] = state.future;
  if (!next) return state;
  return { ...next, past: [...state.past, momentOf(state)], future, lastMerge: null };
}
