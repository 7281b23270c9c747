import { QuestionCircleOutlined, RedoOutlined, UndoOutlined } from "@ant-design/icons";
import { Button, Flex, Popover, Tooltip } from "antd";
import { type KeyboardEvent, type RefObject, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { Schemas } from "@/api/client";
import { useWords } from "./context";
import "./conditions.css";
import { KeysHelp } from "./KeysHelp";
import { commandOf } from "./keys";
import { Palette } from "./Palette";
import { rowText } from "./phrases";
import { visibleRows, walkTree } from "./rows";
import { focusForm, TreeItem } from "./TreeItem";
import { find, type Group, isGroup, nodeAt } from "./tree";
import { type Mark, type Ui, UiContext } from "./ui";
import { type Commands, focusRow, pastedText, setCopied, useCommands } from "./use-commands";
import { useDrag } from "./use-drag";
import type { Editor } from "./use-editor";

type Problem = Schemas["ConditionProblemOut"];

type Props = {
  editor: Editor;
  /** Of the server's check of the tree as it is. */
  problems: readonly Problem[];
  label: string;
  mayEdit?: boolean;
};

/** A condition as a tree of rows, changed by mouse, finger or keys alone. */
export function ConditionEditor({ editor, problems, label, mayEdit = true }: Props) {
  const { state, dispatch } = editor;
  const words = useWords();
  const tree = useRef<HTMLDivElement>(null);
  const [folded, setFoldedIds] = useState<ReadonlySet<string>>(new Set());
  const [isHelpOpen, setIsHelpOpen] = useState(false);
  const commands = useCommands({ state, dispatch, words, tree, mayEdit });
  const { drag, start, ghost } = useDrag({ onDrop: commands.drop, isFolded: (id) => folded.has(id) });
  useFocusAfterChoosing(tree, commands.choosing !== null, state.focus);
  const marks = useMemo(() => marksOf(state.root, problems), [state.root, problems]);
  const setFolded = (id: string, isFolded: boolean) =>
    setFoldedIds((old) => {
      const ids = new Set(old);
      if (isFolded) ids.add(id);
      else ids.delete(id);
      return ids;
    });
  const ui: Ui = {
    ...commands,
    focus: state.focus,
    folded,
    marks,
    drag,
    mayEdit,
    startDrag: start,
    setFolded,
    edit: commands.setEditing,
    stopEditing: (id) => {
      commands.setEditing(null);
      focusRow(tree.current, id);
    },
    choose: (id, purpose) => commands.setChoosing({ id, purpose }),
  };
  const context = { ui, commands, folded, state, openHelp: () => setIsHelpOpen(true) };
  return (
    <div className="cond-editor">
      {mayEdit && (
        <Toolbar editor={editor} commands={commands} isHelpOpen={isHelpOpen} setIsHelpOpen={setIsHelpOpen} />
      )}
      <UiContext value={ui}>
        <div
          ref={tree}
          role="tree"
          aria-label={label}
          className="cond-tree"
          onFocus={(event) => {
            const id = event.target.closest<HTMLElement>("[data-node]")?.dataset.node;
            if (id) dispatch({ type: "focus", id });
          }}
          onKeyDown={(event) => isRow(event.target) && handleKey(event, context, dispatch)}
          onCopy={(event) => onRow((id) => setCopied(event.nativeEvent, commands.copied(id)))}
          onCut={(event) =>
            onRow((id) => {
              if (!mayEdit || id === state.root.id) return;
              setCopied(event.nativeEvent, commands.copied(id));
              commands.remove(id);
            })
          }
          onPaste={(event) =>
            onRow((id) => {
              event.preventDefault();
              if (mayEdit) commands.pasteText(id, pastedText(event.nativeEvent));
            })
          }
        >
          <TreeItem node={state.root} parent={null} level={1} index={0} />
        </div>
      </UiContext>
      {commands.choosing && (
        <Palette
          onChoose={(entry) => commands.choosing && commands.choose(commands.choosing, entry.make())}
          onClose={() => commands.setChoosing(null)}
        />
      )}
      {drag && (
        <div ref={ghost} className="cond-ghost" aria-hidden>
          {textOf(state.root, drag.id, words)}
        </div>
      )}
      <div role="status" aria-live="polite" className="visually-hidden">
        {commands.said}
      </div>
    </div>
  );
}

/** Once the palette is gone, typing goes on in the row that was chosen for, without a key being lost. */
function useFocusAfterChoosing(
  tree: RefObject<HTMLElement | null>,
  isChoosing: boolean,
  focus: string,
): void {
  const wasChoosing = useRef(false);
  useLayoutEffect(() => {
    if (wasChoosing.current && !isChoosing && !focusForm(tree.current)) focusRow(tree.current, focus);
    wasChoosing.current = isChoosing;
  }, [isChoosing, tree, focus]);
}

type ToolbarProps = {
  editor: Editor;
  commands: Commands;
  isHelpOpen: boolean;
  setIsHelpOpen: (isOpen: boolean) => void;
};

function Toolbar({ editor, commands, isHelpOpen, setIsHelpOpen }: ToolbarProps) {
  const { t } = useWords().i18n;
  const { past, future } = editor.state;
  return (
    <Flex gap={4} className="cond-toolbar" role="toolbar" aria-label={t("conditions.toolbar")}>
      <Tooltip title="Ctrl+Z">
        <Button
          type="text"
          size="small"
          icon={<UndoOutlined />}
          disabled={past.length === 0}
          onClick={commands.undo}
        >
          {t("conditions.undo")}
        </Button>
      </Tooltip>
      <Tooltip title="Ctrl+Shift+Z">
        <Button
          type="text"
          size="small"
          icon={<RedoOutlined />}
          disabled={future.length === 0}
          onClick={commands.redo}
        >
          {t("conditions.redo")}
        </Button>
      </Tooltip>
      <Popover
        trigger="click"
        placement="bottomRight"
        open={isHelpOpen}
        onOpenChange={setIsHelpOpen}
        title={t("conditions.keys")}
        content={<KeysHelp />}
      >
        <Button
          type="text"
          size="small"
          icon={<QuestionCircleOutlined />}
          aria-expanded={isHelpOpen}
          style={{ marginInlineStart: "auto" }}
        >
          {t("conditions.keys")}
        </Button>
      </Popover>
    </Flex>
  );
}

function marksOf(root: Group, problems: readonly Problem[]): Map<string, Mark[]> {
  const marks = new Map<string, Mark[]>();
  for (const problem of problems) {
    const { node, rest } = nodeAt(root, problem.path);
    marks.set(node.id, [...(marks.get(node.id) ?? []), { message: problem.message, rest }]);
  }
  return marks;
}

function textOf(root: Group, id: string, words: Parameters<typeof rowText>[1]): string {
  const node = find(root, id)?.node;
  return node ? rowText(node, words) : "";
}

/** Keys and clipboard belong to the row only while the row itself has the focus, not one of its controls. */
function isRow(element: EventTarget | null): element is HTMLElement {
  return element instanceof HTMLElement && element.role === "treeitem";
}

/** Clipboard events happen where the caret is, which may lie anywhere inside of the row that has the focus. */
function onRow(act: (id: string) => void): void {
  const { activeElement } = document;
  if (isRow(activeElement) && activeElement.dataset.node) act(activeElement.dataset.node);
}

type KeyContext = {
  ui: Ui;
  commands: Commands;
  folded: ReadonlySet<string>;
  state: Editor["state"];
  openHelp: () => void;
};

function handleKey(event: KeyboardEvent, context: KeyContext, dispatch: Editor["dispatch"]): void {
  const command = commandOf(event);
  if (!command) return;
  event.preventDefault();
  const { ui, commands, state, folded } = context;
  const id = state.focus;
  if (command.name === "walk") {
    const walk = walkTree(visibleRows(state.root, folded), id, command.key, folded);
    if (!walk) return;
    if ("focus" in walk) {
      dispatch({ type: "focus", id: walk.focus });
      commands.follow();
    } else ui.setFolded(id, "fold" in walk);
    return;
  }
  if (command.name === "move") {
    commands.move(id, command.direction);
    return;
  }
  const node = find(state.root, id)?.node;
  const switchKind = () => node && isGroup(node) && commands.setKind(id, node.kind === "all" ? "any" : "all");
  const openRow = () => {
    if (!node || !ui.mayEdit) return;
    if (isGroup(node)) ui.choose(id, "add");
    else ui.edit(id);
  };
  const act = {
    edit: openRow,
    add: () => ui.mayEdit && ui.choose(id, "add"),
    addGroup: () => commands.addGroup(id),
    switchKind,
    remove: () => commands.remove(id),
    wrap: () => commands.wrap(id),
    dissolve: () => commands.dissolve(id),
    negate: () => commands.negate(id),
    undo: commands.undo,
    redo: commands.redo,
    help: context.openHelp,
  }[command.name];
  act();
}
