import { DeleteOutlined, MoreOutlined, StopOutlined } from "@ant-design/icons";
import { Dropdown, type MenuProps } from "antd";
import { useWords } from "./context";
import { isGroup, type TreeNode } from "./tree";
import { type Ui, useUi } from "./ui";

type Props = { node: TreeNode; isRoot: boolean; isFocused: boolean };

/** What can be done with a row by mouse and finger; keys do the same on the row itself. */
export function RowMenu({ node, isRoot, isFocused }: Props) {
  const ui = useUi();
  const { t } = useWords().i18n;
  const tabIndex = isFocused ? 0 : -1;
  return (
    <span className="cond-actions">
      <button
        type="button"
        tabIndex={tabIndex}
        className="cond-icon is-wide"
        aria-pressed={node.not % 2 === 1}
        aria-label={t("conditions.negate")}
        title={t("conditions.negate")}
        onClick={() => ui.negate(node.id)}
      >
        <StopOutlined />
      </button>
      {!isRoot && (
        <button
          type="button"
          tabIndex={tabIndex}
          className="cond-icon is-wide"
          aria-label={t("action.delete")}
          title={t("action.delete")}
          onClick={() => ui.remove(node.id)}
        >
          <DeleteOutlined />
        </button>
      )}
      <Dropdown trigger={["click"]} menu={useMenu(ui, node, isRoot)}>
        <button type="button" tabIndex={tabIndex} className="cond-icon" aria-label={t("action.more")}>
          <MoreOutlined />
        </button>
      </Dropdown>
    </span>
  );
}

function useMenu(ui: Ui, node: TreeNode, isRoot: boolean): MenuProps {
  const { t } = useWords().i18n;
  const item = (key: string, label: string, keys: string, run: () => void) => ({
    key,
    label,
    extra: keys,
    onClick: run,
  });
  const { id } = node;
  const negate = item("negate", t("conditions.negate"), "!", () => ui.negate(id));
  const remove = { ...item("remove", t("action.delete"), "Delete", () => ui.remove(id)), danger: true };
  const moves = [
    item("up", t("conditions.move_up"), "Alt+↑", () => ui.move(id, "up")),
    item("down", t("conditions.move_down"), "Alt+↓", () => ui.move(id, "down")),
    item("in", t("conditions.move_in"), "Alt+→", () => ui.move(id, "in")),
    item("out", t("conditions.move_out"), "Alt+←", () => ui.move(id, "out")),
    { type: "divider" as const },
    item("wrap", t("conditions.wrap"), "Ctrl+G", () => ui.wrap(id)),
  ];
  const dissolve = item("dissolve", t("conditions.dissolve"), "Ctrl+Shift+G", () => ui.dissolve(id));
  const transfer = [
    item("copy", t("action.copy"), "Ctrl+C", () => ui.copy(id)),
    ...(isRoot ? [] : [item("cut", t("conditions.cut"), "Ctrl+X", () => ui.cut(id))]),
    item("paste", t("conditions.paste"), "Ctrl+V", () => ui.paste(id)),
  ];
  if (isRoot) return { items: [negate, ...transfer] };
  const line = { type: "divider" as const };
  return {
    items: [...moves, ...(isGroup(node) ? [dissolve] : []), negate, line, ...transfer, line, remove],
  };
}
