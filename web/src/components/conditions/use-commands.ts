import { type Dispatch, type RefObject, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useFeedback } from "@/components/feedback";
import { clipboardText, copyText, keepText, keptText } from "./clipboard";
import { withNewIds } from "./edits";
import { type EditorAction, type EditorState, reduceEditor } from "./history";
import type { LeafJson } from "./language";
import type { Words } from "./phrases";
import { rowText } from "./phrases";
import { type DropTarget, dropPlace, placeFor } from "./rows";
import {
  countNodes,
  find,
  newGroup,
  newLeaf,
  readPasted,
  type TreeNode,
  UnreadableCondition,
  writeCopied,
} from "./tree";

export type Choosing = { id: string; purpose: "add" | "replace" };

type Options = {
  state: EditorState;
  dispatch: Dispatch<EditorAction>;
  words: Words;
  tree: RefObject<HTMLElement | null>;
  mayEdit: boolean;
};

/** Everything rows and keys can do, each saying aloud what it did. */
export function useCommands({ state, dispatch, words, tree, mayEdit }: Options) {
  const feedback = useFeedback();
  const [editing, setEditing] = useState<string | null>(null);
  const [choosing, setChoosing] = useState<Choosing | null>(null);
  const [said, setSaid] = useState("");
  const { t } = words.i18n;
  const follow = useFollowingFocus(tree, state);

  const run = useCallback(
    (action: EditorAction, say: (next: EditorState) => string) => {
      if (!mayEdit) return false;
      const next = reduceEditor(state, action);
      if (next === state || (next.root === state.root && action.type !== "focus")) return false;
      dispatch(action);
      setSaid(say(next));
      follow();
      return true;
    },
    [state, dispatch, mayEdit, follow],
  );
  const textOf = useCallback((node: TreeNode | undefined) => (node ? rowText(node, words) : ""), [words]);
  const nodeOf = useCallback((id: string) => find(state.root, id)?.node, [state.root]);
  const place = useCallback(
    (next: EditorState) => {
      const found = find(next.root, next.focus);
      return t("conditions.said_moved", {
        position: (found?.index ?? 0) + 1,
        count: found?.parent?.parts.length ?? 1,
        group: textOf(found?.parent ?? undefined),
      });
    },
    [t, textOf],
  );

  const insert = (id: string, nodes: TreeNode[]) =>
    run({ type: "insert", place: placeFor(state.root, id), nodes }, () =>
      t("conditions.said_added", { text: textOf(nodes[0]) }),
    );
  const remove = (id: string) => {
    const text = textOf(nodeOf(id));
    if (editing === id) setEditing(null);
    run({ type: "remove", id }, () => t("conditions.said_removed", { text }));
  };
  const copied = (id: string) => {
    const node = nodeOf(id);
    if (node) setSaid(t("conditions.said_copied", { text: textOf(node) }));
    return node ? writeCopied(node) : "";
  };
  const pasteText = (id: string, text: string) => {
    try {
      const { nodes: most, depth } = words.catalogue.answer.limits;
      const nodes = readPasted(text, { nodes: most, depth }).map(withNewIds);
      const sum = nodes.reduce((count, node) => count + countNodes(node), countNodes(state.root));
      if (sum > most) throw new UnreadableCondition("size", "");
      insert(id, nodes);
    } catch (error) {
      if (!(error instanceof UnreadableCondition)) throw error;
      feedback.modal.warning({
        title: t("conditions.paste_failed"),
        content: t(`conditions.paste_${error.reason}`),
      });
    }
  };
  return {
    editing,
    setEditing,
    choosing,
    setChoosing,
    said,
    setSaid,
    follow,
    remove,
    insert,
    pasteText,
    copied,
    addGroup: (id: string) => insert(id, [newGroup("any")]),
    undo: () => run({ type: "undo" }, () => t("conditions.said_undone")),
    redo: () => run({ type: "redo" }, () => t("conditions.said_redone")),
    negate: (id: string) => run({ type: "toggleNot", id }, (next) => textOf(find(next.root, id)?.node)),
    setKind: (id: string, kind: "all" | "any") =>
      run({ type: "setKind", id, kind }, (next) => textOf(find(next.root, id)?.node)),
    move: (id: string, direction: "up" | "down" | "in" | "out") => {
      if (!run({ type: "moveTowards", id, direction }, place)) setSaid(t("conditions.said_no_move"));
    },
    drop: (id: string, target: DropTarget) => {
      const to = dropPlace(state.root, id, target);
      if (to) run({ type: "move", id, place: to }, place);
    },
    wrap: (id: string) => run({ type: "wrap", id }, (next) => textOf(find(next.root, next.focus)?.node)),
    dissolve: (id: string) => {
      if (!run({ type: "dissolve", id }, () => t("conditions.said_dissolved"))) {
        setSaid(t("conditions.said_no_dissolve"));
      }
    },
    copy: (id: string) => {
      copyText(copied(id));
    },
    cut: (id: string) => {
      copyText(copied(id));
      remove(id);
    },
    paste: async (id: string) => pasteText(id, await clipboardText()),
    setLeaf: (id: string, leaf: LeafJson, part: string) => {
      if (mayEdit) dispatch({ type: "setLeaf", id, leaf, merge: part });
    },
    choose: ({ id, purpose }: Choosing, leaf: LeafJson) => {
      setChoosing(null);
      if (!mayEdit) return;
      if (purpose === "replace") {
        dispatch({ type: "setLeaf", id, leaf });
        setEditing(id);
        return;
      }
      const node = newLeaf(leaf);
      // The focus goes to the open form, not to the row; see useFocusAfterChoosing.
      dispatch({ type: "insert", place: placeFor(state.root, id), nodes: [node] });
      setSaid(t("conditions.said_added", { text: textOf(node) }));
      setEditing(node.id);
    },
  };
}

export type Commands = ReturnType<typeof useCommands>;

/** Moves the browser's focus to the row that has it in the state, once that row is drawn. */
function useFollowingFocus(tree: RefObject<HTMLElement | null>, state: EditorState): () => void {
  const isWanted = useRef(false);
  const [asked, setAsked] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs whenever it was asked for, after the tree was drawn
  useEffect(() => {
    if (!isWanted.current) return;
    isWanted.current = false;
    focusRow(tree.current, state.focus);
  }, [asked, state.focus, state.root, tree]);
  return useMemo(
    () => () => {
      isWanted.current = true;
      setAsked((count) => count + 1);
    },
    [],
  );
}

export function focusRow(tree: HTMLElement | null, id: string): void {
  const row = tree?.querySelector<HTMLElement>(`[data-node="${id}"]`);
  row?.focus({ preventScroll: true });
  row?.querySelector(":scope > .cond-row")?.scrollIntoView({ block: "nearest" });
}

/** Reads what a paste event brought; text of something else gives way to what was copied here. */
export function pastedText(event: ClipboardEvent): string {
  return event.clipboardData?.getData("text/plain") || keptText();
}

export function setCopied(event: ClipboardEvent, text: string): void {
  keepText(text);
  event.clipboardData?.setData("text/plain", text);
  event.preventDefault();
}
