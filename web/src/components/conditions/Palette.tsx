import { SearchOutlined } from "@ant-design/icons";
import { Input, type InputRef, Modal } from "antd";
import { type KeyboardEvent, type RefObject, useEffect, useId, useMemo, useRef, useState } from "react";
import { useWords } from "./context";
import { type Entry, groupEntries, paletteEntries, searchEntries } from "./palette";

type Props = { onChoose: (entry: Entry) => void; onClose: () => void };

/** What a row is about is searched by typing, or found by its heading; the same for mouse and keyboard. */
export function Palette({ onChoose, onClose }: Props) {
  const { t } = useWords().i18n;
  const search = useRef<InputRef>(null);
  return (
    <Modal
      open
      // The dialog takes the focus when it opens; only after that can the search field have it.
      afterOpenChange={(isShown) => isShown && search.current?.focus()}
      onCancel={onClose}
      focusable={{ focusTriggerAfterClose: false }}
      footer={null}
      width={560}
      style={{ top: 64 }}
      title={t("conditions.palette_title")}
      styles={{ body: { paddingTop: 4 } }}
    >
      <PaletteSearch input={search} onChoose={onChoose} />
    </Modal>
  );
}

type SearchProps = { input: RefObject<InputRef | null>; onChoose: (entry: Entry) => void };

function PaletteSearch({ input, onChoose }: SearchProps) {
  const { catalogue, i18n } = useWords();
  const { t } = i18n;
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const entries = useMemo(() => paletteEntries(catalogue, t), [catalogue, t]);
  const found = useMemo(() => searchEntries(entries, text), [entries, text]);
  const groups = useMemo(() => groupEntries(found), [found]);
  const order = useMemo(() => [...groups.values()].flat(), [groups]);
  const current = order[Math.min(at, order.length - 1)];

  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  });

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      setAt(Math.max(0, Math.min(order.length - 1, at + step)));
    } else if (event.key === "Enter" && current) {
      event.preventDefault();
      onChoose(current);
    }
  };
  return (
    <>
      <Input
        ref={input}
        autoFocus
        prefix={<SearchOutlined aria-hidden />}
        role="combobox"
        aria-expanded
        aria-controls={id}
        aria-autocomplete="list"
        aria-activedescendant={current && `${id}-${current.key}`}
        aria-label={t("conditions.palette_search")}
        placeholder={t("conditions.palette_search")}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div
        ref={list}
        id={id}
        role="listbox"
        aria-label={t("conditions.palette_title")}
        className="cond-palette"
      >
        {[...groups].map(([group, members]) => (
          // biome-ignore lint/a11y/useSemanticElements: a group of options inside of a list box
          <div key={group} role="group" aria-label={group}>
            <div className="cond-palette-group" aria-hidden>
              {group}
            </div>
            {members.map((entry) => (
              // biome-ignore lint/a11y/useFocusableInteractive: the search field keeps the focus and names the option
              // biome-ignore lint/a11y/useKeyWithClickEvents: see onKeyDown of the search field
              <div
                key={entry.key}
                id={`${id}-${entry.key}`}
                role="option"
                aria-selected={entry === current}
                className="cond-palette-entry"
                onClick={() => onChoose(entry)}
              >
                <span>{entry.label}</span>
                {entry.description && <span className="secondary">{entry.description}</span>}
              </div>
            ))}
          </div>
        ))}
      </div>
      {found.length === 0 && <p className="secondary">{t("list.nothing_found")}</p>}
    </>
  );
}
