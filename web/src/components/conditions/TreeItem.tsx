import { CheckOutlined, DownOutlined, HolderOutlined, PlusOutlined, RightOutlined } from "@ant-design/icons";
import { Button } from "antd";
import { Fragment, useEffect, useId, useMemo, useRef } from "react";
import { useWords } from "./context";
import { LeafForm } from "./LeafForm";
import { groupText, hasSpaceBefore, leafPhrase, rowText } from "./phrases";
import { RowMenu } from "./RowMenu";
import { type Group, isGroup, type Leaf, type TreeNode } from "./tree";
import { type Mark, type Ui, useUi } from "./ui";

const NO_MARKS: Mark[] = [];

type Props = { node: TreeNode; parent: Group | null; level: number; index: number };

/** A row and, of a group, everything in it. The row has the focus; its controls follow it in the order of tabs. */
export function TreeItem({ node, parent, level, index }: Props) {
  const ui = useUi();
  const words = useWords();
  const problemId = useId();
  const isFolded = ui.folded.has(node.id);
  const isFocused = ui.focus === node.id;
  const marks = ui.marks.get(node.id) ?? NO_MARKS;
  const label = useMemo(() => rowText(node, words), [node, words]);
  return (
    <div
      role="treeitem"
      data-node={node.id}
      tabIndex={isFocused ? 0 : -1}
      aria-level={level}
      aria-posinset={index + 1}
      aria-setsize={parent?.parts.length ?? 1}
      aria-selected={isFocused}
      aria-expanded={isGroup(node) ? !isFolded : undefined}
      aria-label={label}
      aria-describedby={marks.length > 0 ? problemId : undefined}
      className={`${isGroup(node) ? `cond-group cond-${node.kind}` : "cond-leaf"}${marks.length > 0 ? " is-wrong" : ""}`}
    >
      <div data-row={node.id} className={`cond-row ${dropClass(ui, node.id, parent === null)}`}>
        {parent && ui.mayEdit && (
          <span className="cond-handle" aria-hidden onPointerDown={(event) => ui.startDrag(node.id, event)}>
            <HolderOutlined />
          </span>
        )}
        {parent && (
          <span className="cond-link" aria-hidden>
            {index > 0 && words.i18n.t(`conditions.link_${parent.kind}`)}
          </span>
        )}
        {node.not % 2 === 1 && <span className="cond-not">{words.i18n.t("conditions.not")}</span>}
        {isGroup(node) ? (
          <GroupHead group={node} isFolded={isFolded} isFocused={isFocused} />
        ) : (
          <LeafBody leaf={node} isFocused={isFocused} marks={marks} />
        )}
        {ui.mayEdit && <RowMenu node={node} isRoot={parent === null} isFocused={isFocused} />}
      </div>
      {marks.length > 0 && (
        <div id={problemId} className="cond-problems">
          {marks.map((mark) => (
            <div key={`${mark.rest.join("/")} ${mark.message}`}>{mark.message}</div>
          ))}
        </div>
      )}
      {isGroup(node) && !isFolded && (
        <>
          {node.parts.length > 0 && (
            // biome-ignore lint/a11y/useSemanticElements: the rows of a group inside of a tree
            <div role="group" className="cond-parts">
              {node.parts.map((part, i) => (
                <TreeItem key={part.id} node={part} parent={node} level={level + 1} index={i} />
              ))}
            </div>
          )}
          {ui.mayEdit && <AddLine group={node} isFocused={isFocused} />}
        </>
      )}
    </div>
  );
}

function dropClass({ drag, folded }: Ui, id: string, isRoot: boolean): string {
  if (!drag) return "";
  if (drag.id === id) return "is-dragged";
  const { target } = drag;
  if (target?.kind !== "row" || target.id !== id) return "";
  if (isRoot) return "drop-after";
  return target.isUpperHalf ? "drop-before" : folded.has(id) ? "drop-into" : "drop-after";
}

function GroupHead({ group, isFolded, isFocused }: { group: Group; isFolded: boolean; isFocused: boolean }) {
  const ui = useUi();
  const { i18n } = useWords();
  const { t } = i18n;
  const other = group.kind === "all" ? "any" : "all";
  const tabIndex = isFocused ? 0 : -1;
  return (
    <div className="cond-group-head">
      <button
        type="button"
        tabIndex={-1}
        className="cond-icon"
        aria-label={t(isFolded ? "conditions.unfold" : "conditions.fold")}
        onClick={() => ui.setFolded(group.id, !isFolded)}
      >
        {isFolded ? <RightOutlined /> : <DownOutlined />}
      </button>
      <span>{t("conditions.group_before")}</span>
      <button
        type="button"
        tabIndex={tabIndex}
        className="cond-kind"
        disabled={!ui.mayEdit}
        aria-label={t("conditions.switch_kind", { kind: t(`conditions.kind_${group.kind}`) })}
        onClick={() => ui.setKind(group.id, other)}
      >
        <span className={group.kind === "all" ? "is-on" : ""}>{t("conditions.kind_all")}</span>
        <span className={group.kind === "any" ? "is-on" : ""}>{t("conditions.kind_any")}</span>
      </button>
      <span>{t("conditions.group_after")}</span>
      {group.not % 2 === 1 && <span className="secondary">{groupText(group, i18n)}</span>}
      {group.parts.length === 0 && <span className="secondary">{t(`conditions.empty_${group.kind}`)}</span>}
      {isFolded && <span className="secondary">{t("conditions.folded", { count: group.parts.length })}</span>}
    </div>
  );
}

type LeafBodyProps = { leaf: Leaf; isFocused: boolean; marks: Mark[] };

function LeafBody({ leaf, isFocused, marks }: LeafBodyProps) {
  const ui = useUi();
  const words = useWords();
  const { t } = words.i18n;
  const parts = useMemo(() => leafPhrase(leaf.leaf, words), [leaf.leaf, words]);
  if (ui.editing === leaf.id) return <OpenForm leaf={leaf} marks={marks} />;
  return (
    <button
      type="button"
      className="cond-phrase"
      tabIndex={isFocused ? 0 : -1}
      disabled={!ui.mayEdit}
      title={t("conditions.edit")}
      onClick={() => ui.edit(leaf.id)}
    >
      {parts.map((part, i) => (
        <Fragment key={i}>
          {hasSpaceBefore(parts, i) && " "}
          <span className={part.tone && `cond-${part.tone}`}>{part.text}</span>
        </Fragment>
      ))}
    </button>
  );
}

function OpenForm({ leaf, marks }: { leaf: Leaf; marks: Mark[] }) {
  const ui = useUi();
  const { t } = useWords().i18n;
  const form = useRef<HTMLDivElement>(null);

  useEffect(() => {
    focusForm(form.current);
  }, []);

  const isWrong = (tokens: string[]) =>
    marks.some((mark) => tokens.every((token, i) => mark.rest[i] === token));
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: only listens to what its controls leave over
    <div
      ref={form}
      className="cond-form"
      onKeyDown={(event) => {
        const isOpenList = event.target instanceof HTMLElement && event.target.ariaExpanded === "true";
        const isDone = event.key === "Enter" && (event.ctrlKey || event.metaKey);
        if (isDone || (event.key === "Escape" && !isOpenList)) {
          event.stopPropagation();
          ui.stopEditing(leaf.id);
        }
      }}
    >
      <LeafForm
        leaf={leaf.leaf}
        onChange={(changed, part) => ui.setLeaf(leaf.id, changed, part)}
        onChooseOperand={() => ui.choose(leaf.id, "replace")}
        isWrong={isWrong}
      />
      <Button
        size="small"
        icon={<CheckOutlined />}
        className="cond-done"
        onClick={() => ui.stopEditing(leaf.id)}
      >
        {t("conditions.done")}
      </Button>
    </div>
  );
}

/** Goes to the value, which is usually still to be given, or else to the first control; false when no row is open. */
export function focusForm(within: HTMLElement | null): boolean {
  const form = within?.closest<HTMLElement>(".cond-form") ?? within?.querySelector<HTMLElement>(".cond-form");
  const control =
    form?.querySelector<HTMLElement>(":scope .cond-test-value input") ??
    form?.querySelector<HTMLElement>("input, button");
  control?.focus();
  return Boolean(control);
}

function AddLine({ group, isFocused }: { group: Group; isFocused: boolean }) {
  const ui = useUi();
  const { t } = useWords().i18n;
  const isTarget = ui.drag?.target?.kind === "end" && ui.drag.target.groupId === group.id;
  const tabIndex = isFocused ? 0 : -1;
  return (
    <div data-end={group.id} className={`cond-add${isTarget ? " drop-before" : ""}`}>
      <button type="button" tabIndex={tabIndex} onClick={() => ui.choose(group.id, "add")}>
        <PlusOutlined aria-hidden /> {t("conditions.add")}
      </button>
      <button type="button" tabIndex={tabIndex} onClick={() => ui.addGroup(group.id)}>
        <PlusOutlined aria-hidden /> {t("conditions.add_group")}
      </button>
    </div>
  );
}
