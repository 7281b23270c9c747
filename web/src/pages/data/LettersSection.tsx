import { InboxOutlined } from "@ant-design/icons";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Button, Flex, Segmented, Select, Tag } from "antd";
import { type Key, useState } from "react";
import { client, type Schemas, send } from "@/api/client";
import { importQuery, recordKindsQuery } from "@/api/imports";
import { useListState } from "@/app/list-state";
import { useMay } from "@/app/session";
import { type Column, DataTable } from "@/components/DataTable";
import { EmptyState } from "@/components/EmptyState";
import { ListBar } from "@/components/ListTools";
import { NothingFound } from "@/components/NothingFound";
import { Panel } from "@/components/Panel";
import { Moment, Num } from "@/components/values";
import { type Translate, useT, useWord } from "@/i18n";
import { LetterActions } from "./LetterActions";
import { LetterDrawer } from "./LetterDrawer";
import { useLabel } from "./labels";

export type Letter = Schemas["DeadLetterOut"];
const STATES: Schemas["DeadLetterState"][] = ["open", "replayed", "discarded"];
const COLORS = { open: "warning", replayed: "success", discarded: "default" } as const;

export function LettersSection() {
  const t = useT();
  const word = useWord();
  const may = useMay();
  const label = useLabel();
  const state = useListState();
  const [selected, setSelected] = useState<Key[]>([]);
  const { kind, import_id, code, field } = state.search;
  const shown = STATES.find((candidate) => candidate === state.search.state) ?? "open";
  const query = { state: shown, kind, import_id, code, field, page: state.page, page_size: state.pageSize };
  const letters = useQuery({
    queryKey: ["dead-letters", query],
    queryFn: ({ signal }) => send(client.GET("/api/v1/dead-letters", { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
  const kinds = useQuery(recordKindsQuery);
  const ofImport = useQuery({ ...importQuery(import_id ?? ""), enabled: Boolean(import_id) });
  const opened = letters.data?.items.find((letter) => letter.id === state.search.letter) ?? null;
  const open = (letter: Letter | null) => state.set({ letter: letter?.id, page: state.search.page });
  const fieldName = (letter: Letter) => {
    const spec = kinds.data
      ?.find((candidate) => candidate.name === letter.kind)
      ?.fields.find((candidate) => candidate.name === letter.rejection.field);
    return spec ? label(spec.label) : (letter.rejection.field ?? "–");
  };
  const isFiltered = Boolean(kind || import_id || code || field);
  const mayMend = may("imports.write") && shown === "open";

  return (
    <Panel>
      <ListBar
        end={
          mayMend && (
            <LetterActions
              selected={selected}
              narrowing={{ import_id, kind, code, field }}
              total={letters.data?.total ?? 0}
              onDone={() => setSelected([])}
            />
          )
        }
      >
        <Segmented
          value={shown}
          onChange={(value) => {
            setSelected([]);
            state.set({ state: value });
          }}
          options={STATES.map((value) => ({ value, label: word("letter_state", value) }))}
        />
        <Select
          allowClear
          aria-label={t("imports.kind")}
          placeholder={t("imports.kind")}
          value={kind}
          onChange={(value) => state.set({ kind: value })}
          options={kinds.data?.map((candidate) => ({ value: candidate.name, label: label(candidate.label) }))}
          style={{ minWidth: 120 }}
        />
        {import_id && (
          <Tag closable onClose={() => state.set({ import_id: undefined })}>
            {t("letters.of_import", { name: ofImport.data?.file_name ?? import_id })}
          </Tag>
        )}
        {(code || field) && (
          <Tag closable onClose={() => state.set({ code: undefined, field: undefined })}>
            {t("letters.reason")}: {letters.data?.items[0]?.rejection.message ?? code ?? field}
          </Tag>
        )}
      </ListBar>
      <p className="secondary" style={{ padding: "0 16px", margin: "0 0 12px" }}>
        {t("letters.text")}
      </p>
      <DataTable
        columns={columnsOf(t, fieldName, word, mayMend ? open : null)}
        rowKey={(letter) => letter.id}
        query={letters}
        state={state}
        selection={mayMend ? { keys: selected, onChange: setSelected } : undefined}
        empty={
          isFiltered || shown !== "open" ? (
            <NothingFound state={state} />
          ) : (
            <EmptyState icon={<InboxOutlined />} title={t("letters.empty")} text={t("letters.empty_text")} />
          )
        }
      />
      <LetterDrawer
        letter={opened}
        kind={kinds.data?.find((candidate) => candidate.name === opened?.kind)}
        onClose={() => open(null)}
      />
    </Panel>
  );
}

function columnsOf(
  t: Translate,
  fieldName: (letter: Letter) => string,
  word: (group: string, code: string) => string,
  open: ((letter: Letter) => void) | null,
): Column<Letter>[] {
  return [
    {
      key: "row",
      title: t("letters.row"),
      isFixed: true,
      render: (letter) => (
        <Flex gap={6} align="center">
          <Num value={letter.number} />
          {letter.part && <span className="secondary">{letter.part}</span>}
          {letter.mended.length > 0 && <Tag color="processing">{t("letters.mended")}</Tag>}
        </Flex>
      ),
    },
    { key: "reason", title: t("letters.reason"), render: (letter) => letter.rejection.message },
    { key: "field", title: t("import.field"), render: fieldName },
    {
      key: "value",
      title: t("letters.value"),
      render: (letter) => <span className="cell-text mono">{letter.rejection.value || "–"}</span>,
    },
    { key: "file", title: t("letters.file"), render: (letter) => letter.file_name },
    { key: "source", title: t("letters.source"), isOptional: true, render: (letter) => letter.source },
    {
      key: "created_at",
      title: t("letters.created_at"),
      render: (letter) => <Moment at={letter.created_at} />,
    },
    open
      ? {
          key: "actions",
          title: "",
          align: "right",
          render: (letter) => (
            <Button size="small" onClick={() => open(letter)}>
              {t("letters.mend")}
            </Button>
          ),
        }
      : {
          key: "state",
          title: t("letters.state"),
          render: (letter) => <Tag color={COLORS[letter.state]}>{word("letter_state", letter.state)}</Tag>,
        },
  ];
}
