import { SearchOutlined, TableOutlined } from "@ant-design/icons";
import { Button, Checkbox, Flex, Grid, Input, type InputRef, Popover } from "antd";
import { type ReactNode, useEffect, useRef, useState } from "react";
import type { ListState } from "@/app/list-state";
import { useT } from "@/i18n";
import { type Column, shownColumns } from "./DataTable";

const TYPING_PAUSE_MS = 300;

type SearchProps = { state: ListState; name?: string; placeholder: string; hint?: ReactNode; width?: number };

/** Writes to the address once typing pauses; "/" anywhere on the page leads here. */
export function SearchBox({ state, name = "q", placeholder, width = 380 }: SearchProps) {
  const t = useT();
  const applied = state.search[name] ?? "";
  const [text, setText] = useState(applied);
  const input = useRef<InputRef>(null);
  const lastSent = useRef(applied);
  const { set } = state;

  useEffect(() => {
    if (applied !== lastSent.current) {
      lastSent.current = applied;
      setText(applied);
    }
  }, [applied]);

  useEffect(() => {
    const wanted = text.trim();
    if (wanted === lastSent.current) return;
    const timer = setTimeout(() => {
      lastSent.current = wanted;
      set({ [name]: wanted || undefined });
    }, TYPING_PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text, name, set]);

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const isTyping =
        event.target instanceof HTMLElement && event.target.closest("input, textarea, [contenteditable]");
      if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      input.current?.focus({ cursor: "all" });
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);

  return (
    <Input
      ref={input}
      type="search"
      prefix={<SearchOutlined aria-hidden />}
      aria-label={t("list.search")}
      placeholder={placeholder}
      value={text}
      allowClear
      onChange={(event) => setText(event.target.value)}
      style={{ flex: `0 1 ${width}px`, minWidth: 200 }}
    />
  );
}

export function ColumnChoice<Row>({ columns, state }: { columns: Column<Row>[]; state: ListState }) {
  const t = useT();
  const shown = shownColumns(columns, state.search.columns).map((column) => column.key);
  const isNarrow = !(Grid.useBreakpoint().md ?? true);
  return (
    <Popover
      trigger="click"
      placement={isNarrow ? "bottom" : "bottomRight"}
      content={
        <div style={{ maxHeight: 360, overflow: "auto" }}>
          <Checkbox.Group
            value={shown}
            onChange={(keys) =>
              state.set({
                columns: columns
                  .filter((c) => keys.includes(c.key))
                  .map((c) => c.key)
                  .join(","),
              })
            }
          >
            <Flex vertical gap={6}>
              {columns.map((column) => (
                <Checkbox key={column.key} value={column.key} disabled={column.isFixed}>
                  {column.title}
                </Checkbox>
              ))}
            </Flex>
          </Checkbox.Group>
          <Button
            type="link"
            size="small"
            style={{ marginTop: 8, padding: 0 }}
            onClick={() => state.set({ columns: undefined })}
          >
            {t("list.columns_default")}
          </Button>
        </div>
      }
    >
      <Button icon={<TableOutlined />}>{t("list.columns")}</Button>
    </Popover>
  );
}

/** The bar above a list: search and filters on the left, columns and export on the right. */
export function ListBar({ children, end }: { children?: ReactNode; end?: ReactNode }) {
  return (
    <Flex wrap gap={8} align="center" style={{ padding: "12px 16px" }}>
      {children}
      {end && (
        <Flex wrap gap={8} style={{ marginInlineStart: "auto" }}>
          {end}
        </Flex>
      )}
    </Flex>
  );
}
