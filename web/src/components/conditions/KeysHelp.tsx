import { useWords } from "./context";

const KEYS = [
  ["↑ ↓ ← →", "walk"],
  ["Enter", "edit"],
  ["+ / Insert", "add"],
  ["(", "add_group"],
  ["Space", "switch"],
  ["! / Ctrl+Shift+N", "negate"],
  ["Alt+↑ ↓", "move"],
  ["Alt+← →", "in_out"],
  ["Ctrl+G / Ctrl+Shift+G", "wrap"],
  ["Ctrl+C / X / V", "clipboard"],
  ["Delete", "remove"],
  ["Ctrl+Z / Ctrl+Shift+Z / Ctrl+Y", "undo"],
  ["Esc / Ctrl+Enter", "done"],
] as const;

/** The keys of the tree, beside what they do. */
export function KeysHelp() {
  const { t } = useWords().i18n;
  return (
    <table className="plain-table cond-keys">
      <tbody>
        {KEYS.map(([keys, name]) => (
          <tr key={name}>
            <th scope="row">
              <kbd>{keys}</kbd>
            </th>
            <td>{t(`conditions.key_${name}`)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
