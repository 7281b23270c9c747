import { CloudUploadOutlined, PlusOutlined } from "@ant-design/icons";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Button, Progress, Select, Tag } from "antd";
import { client, send } from "@/api/client";
import { type Import, isUnderWay, recordKindsQuery } from "@/api/imports";
import { useListState } from "@/app/list-state";
import { useMay } from "@/app/session";
import { useActorName } from "@/components/Actor";
import { type Column, DataTable } from "@/components/DataTable";
import { EmptyState } from "@/components/EmptyState";
import { ListBar } from "@/components/ListTools";
import { NothingFound } from "@/components/NothingFound";
import { Panel } from "@/components/Panel";
import { Moment, Num } from "@/components/values";
import { type Translate, useT, useWord } from "@/i18n";
import { useLabel } from "./labels";

const COLORS = {
  queued: "default",
  running: "processing",
  stopping: "warning",
  stopped: "warning",
  failed: "error",
  done: "success",
} as const;
const REFRESH_MS = 2_000;

export function ImportStateTag({ item }: { item: Import }) {
  const word = useWord();
  return <Tag color={COLORS[item.state]}>{word("import_state", item.state)}</Tag>;
}

export function ImportsSection() {
  const t = useT();
  const may = useMay();
  const label = useLabel();
  const nameOf = useActorName();
  const state = useListState();
  const kinds = useQuery(recordKindsQuery);
  const kindName = (name: string) => {
    const kind = kinds.data?.find((candidate) => candidate.name === name);
    return kind ? label(kind.label) : name;
  };
  const query = { kind: state.search.kind, page: state.page, page_size: state.pageSize };
  const imports = useQuery({
    queryKey: ["imports", query],
    queryFn: ({ signal }) => send(client.GET("/api/v1/imports", { params: { query }, signal })),
    placeholderData: keepPreviousData,
    refetchInterval: ({ state: { data } }) => (data?.items.some(isUnderWay) ? REFRESH_MS : false),
  });
  const newButton = may("imports.write") && (
    <Link to="/data/imports/new">
      <Button type="primary" icon={<PlusOutlined />}>
        {t("imports.new")}
      </Button>
    </Link>
  );
  return (
    <Panel>
      <ListBar end={newButton}>
        <Select
          allowClear
          aria-label={t("imports.kind")}
          placeholder={t("imports.kind")}
          value={state.search.kind}
          onChange={(kind) => state.set({ kind })}
          options={kinds.data?.map((kind) => ({ value: kind.name, label: label(kind.label) }))}
          style={{ minWidth: 140 }}
        />
      </ListBar>
      <DataTable
        columns={columnsOf(t, kindName, nameOf)}
        rowKey={(item) => item.id}
        query={imports}
        state={state}
        empty={
          state.search.kind ? (
            <NothingFound state={state} />
          ) : (
            <EmptyState
              icon={<CloudUploadOutlined />}
              title={t("imports.empty")}
              text={t("imports.empty_text")}
              action={newButton}
            />
          )
        }
      />
    </Panel>
  );
}

function columnsOf(
  t: Translate,
  kindName: (name: string) => string,
  nameOf: (actor: string) => string,
): Column<Import>[] {
  return [
    {
      key: "file",
      title: t("imports.file"),
      isFixed: true,
      render: (item) => (
        <Link to="/data/imports/$importId" params={{ importId: item.id }}>
          {item.file_name}
        </Link>
      ),
    },
    { key: "kind", title: t("imports.kind"), render: (item) => kindName(item.kind) },
    { key: "source", title: t("imports.source"), render: (item) => item.mapping.source },
    {
      key: "state",
      title: t("imports.state"),
      render: (item) =>
        isUnderWay(item) ? (
          <Progress
            percent={Math.floor(item.progress * 100)}
            size="small"
            style={{ minWidth: 130, margin: 0 }}
          />
        ) : (
          <ImportStateTag item={item} />
        ),
    },
    {
      key: "taken",
      title: t("imports.taken"),
      align: "right",
      render: (item) => <Num value={item.records.taken} />,
    },
    {
      key: "changed",
      title: t("imports.changed"),
      align: "right",
      render: (item) => <Num value={item.records.changed} />,
    },
    {
      key: "unchanged",
      title: t("imports.unchanged"),
      align: "right",
      render: (item) => <Num value={item.records.unchanged} />,
    },
    {
      key: "rejected",
      title: t("imports.rejected"),
      align: "right",
      render: (item) => (
        <span style={item.rows.rejected ? { color: "var(--removed)" } : undefined}>
          <Num value={item.rows.rejected} />
        </span>
      ),
    },
    { key: "created_at", title: t("imports.created_at"), render: (item) => <Moment at={item.created_at} /> },
    { key: "started_by", title: t("imports.started_by"), render: (item) => nameOf(item.started_by) },
  ];
}
