import { BarcodeOutlined } from "@ant-design/icons";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Button } from "antd";
import { useState } from "react";
import { client, type Schemas, send } from "@/api/client";
import { useListState } from "@/app/list-state";
import { useMay } from "@/app/session";
import { type Column, DataTable } from "@/components/DataTable";
import { EmptyState } from "@/components/EmptyState";
import { ListBar } from "@/components/ListTools";
import { Panel } from "@/components/Panel";
import { Moment, Num } from "@/components/values";
import { useT } from "@/i18n";
import { MapCodeDialog } from "./MapCodeDialog";

type Code = Schemas["UnmappedCodeOut"];

export function CodesSection() {
  const t = useT();
  const may = useMay();
  const state = useListState();
  const [mapped, setMapped] = useState<Code | null>(null);
  const query = { page: state.page, page_size: state.pageSize };
  const codes = useQuery({
    queryKey: ["unmapped-codes", query],
    queryFn: ({ signal }) =>
      send(client.GET("/api/v1/product-codes/unmapped", { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
  const columns: Column<Code>[] = [
    { key: "code", title: t("codes.code"), isFixed: true, render: (code) => <strong>{code.code}</strong> },
    { key: "name", title: t("codes.name"), render: (code) => code.name ?? "–" },
    { key: "lines", title: t("codes.lines"), align: "right", render: (code) => <Num value={code.lines} /> },
    { key: "source", title: t("codes.source"), render: (code) => code.source },
    { key: "first_seen", title: t("codes.first_seen"), render: (code) => <Moment at={code.first_seen_at} /> },
  ];
  if (may("imports.write")) {
    columns.push({
      key: "actions",
      title: "",
      align: "right",
      render: (code) => (
        <Button size="small" onClick={() => setMapped(code)}>
          {t("codes.map")}
        </Button>
      ),
    });
  }
  return (
    <Panel>
      <ListBar>
        <span className="secondary">{t("codes.text")}</span>
      </ListBar>
      <DataTable
        columns={columns}
        rowKey={(code) => `${code.source} ${code.code}`}
        query={codes}
        state={state}
        empty={
          <EmptyState icon={<BarcodeOutlined />} title={t("codes.empty")} text={t("codes.empty_text")} />
        }
      />
      {mapped && <MapCodeDialog code={mapped} onClose={() => setMapped(null)} />}
    </Panel>
  );
}
