import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Alert, Button, Card, Flex, Segmented, Skeleton, Table, Tooltip } from "antd";
import { useState } from "react";
import { client, type Schemas, send } from "@/api/client";
import type { ImportFile, Mapping, RecordKind } from "@/api/imports";
import { ErrorNotice } from "@/components/ErrorNotice";
import { useFeedback } from "@/components/feedback";
import { Panel } from "@/components/Panel";
import { Num } from "@/components/values";
import { useT } from "@/i18n";
import { useLabel } from "./labels";
import { ReasonList } from "./ReasonList";

type Preview = Schemas["PreviewOut"];
type Row = Schemas["PreviewRowOut"];
type Props = { kind: RecordKind; file: ImportFile; mapping: Mapping; onBack: () => void };

export function PreviewStep({ kind, file, mapping, onBack }: Props) {
  const t = useT();
  const navigate = useNavigate();
  const feedback = useFeedback();
  const queryClient = useQueryClient();
  const preview = useQuery({
    queryKey: ["preview", file.id, mapping],
    queryFn: ({ signal }) =>
      send(
        client.POST("/api/v1/files/{file_id}/preview", {
          params: { path: { file_id: file.id } },
          body: mapping,
          signal,
        }),
      ),
    retry: false,
  });
  const start = useMutation({
    mutationFn: () => send(client.POST("/api/v1/imports", { body: { file_id: file.id, mapping } })),
    onSuccess: (started) => {
      feedback.done(t("import.started"));
      queryClient.invalidateQueries({ queryKey: ["imports"] });
      navigate({ to: "/data/imports/$importId", params: { importId: started.id }, search: {} });
    },
  });
  return (
    <Flex vertical gap={16}>
      <span className="secondary">{t("wizard.preview_text")}</span>
      {preview.isError && <ErrorNotice error={preview.error} onRetry={preview.refetch} />}
      {start.isError && <ErrorNotice error={start.error} />}
      {preview.isPending && <Skeleton active paragraph={{ rows: 10 }} />}
      {preview.data && <PreviewResult kind={kind} mapping={mapping} preview={preview.data} />}
      <Flex justify="space-between" gap={8}>
        <Button onClick={onBack}>{t("action.back")}</Button>
        <Button
          type="primary"
          size="large"
          disabled={!preview.data || preview.data.rows.length === 0}
          loading={start.isPending}
          onClick={() => start.mutate()}
        >
          {t("wizard.start")}
        </Button>
      </Flex>
    </Flex>
  );
}

function PreviewResult({ kind, mapping, preview }: { kind: RecordKind; mapping: Mapping; preview: Preview }) {
  const t = useT();
  const [shown, setShown] = useState<"taken" | "rejected">(preview.rows.length > 0 ? "taken" : "rejected");
  const rows = shown === "taken" ? preview.rows : preview.rejected_rows;
  return (
    <>
      <Card>
        <div className="figures">
          <div>
            <div className="secondary">{t("wizard.checked")}</div>
            <div className="figure-value">
              <Num value={preview.checked} />
            </div>
            <div className="secondary">
              {t(preview.is_complete ? "wizard.checked_all" : "wizard.checked_part")}
            </div>
          </div>
          <div>
            <div className="secondary">{t("wizard.records")}</div>
            <div className="figure-value">
              <Num value={preview.records} />
            </div>
          </div>
          <div>
            <div className="secondary">{t("wizard.rejected")}</div>
            <div className="figure-value" style={{ color: preview.rejected ? "var(--removed)" : undefined }}>
              <Num value={preview.rejected} />
            </div>
          </div>
        </div>
      </Card>
      {preview.rejected > 0 && (
        <Card title={t("import.reasons")} styles={{ body: { paddingBlock: 8 } }}>
          <ReasonList kind={kind} reasons={preview.reasons} />
          <p className="secondary">{t("wizard.rejected_later")}</p>
        </Card>
      )}
      {preview.rows.length === 0 && <Alert type="error" showIcon title={t("wizard.no_taken")} />}
      <Panel>
        <div style={{ padding: "12px 16px" }}>
          <Segmented
            value={shown}
            onChange={setShown}
            options={[
              { value: "taken", label: t("wizard.show_taken") },
              { value: "rejected", label: t("wizard.show_rejected") },
            ]}
          />
        </div>
        {rows.length === 0 ? (
          <p className="secondary" style={{ padding: "0 16px 12px" }}>
            {t(shown === "rejected" ? "wizard.no_rejected" : "wizard.no_taken")}
          </p>
        ) : (
          <PreviewTable kind={kind} mapping={mapping} rows={rows} />
        )}
      </Panel>
    </>
  );
}

function PreviewTable({ kind, mapping, rows }: { kind: RecordKind; mapping: Mapping; rows: Row[] }) {
  const t = useT();
  const label = useLabel();
  const used = new Set([
    ...mapping.bindings.map((binding) => binding.field),
    ...Object.keys(mapping.constants ?? {}),
  ]);
  const fields = kind.fields.filter((field) => used.has(field.name));
  const hasParts = rows.some((row) => row.part !== "");
  return (
    <Table<Row>
      size="small"
      rowKey={(row) => `${row.part} ${row.number}`}
      dataSource={rows}
      pagination={{ pageSize: 20, hideOnSinglePage: true, showSizeChanger: false }}
      scroll={{ x: "max-content" }}
      columns={[
        {
          title: t("wizard.row"),
          align: "right",
          fixed: "left",
          render: (_, row) => <Num value={row.number} />,
        },
        ...(hasParts ? [{ title: t("wizard.part_name"), render: (_: unknown, row: Row) => row.part }] : []),
        ...(rows.some((row) => row.rejections.length > 0)
          ? [{ title: t("import.reason"), render: (_: unknown, row: Row) => <Reasons row={row} /> }]
          : []),
        ...fields.map((field) => ({
          key: field.name,
          title: label(field.label),
          render: (_: unknown, row: Row) => <Cell row={row} field={field.name} />,
        })),
      ]}
    />
  );
}

function Reasons({ row }: { row: Row }) {
  return (
    <div style={{ maxWidth: 320, color: "var(--removed)" }}>
      {row.rejections.map((rejection) => (
        <div key={`${rejection.code} ${rejection.field}`}>{rejection.message}</div>
      ))}
    </div>
  );
}

function Cell({ row, field }: { row: Row; field: string }) {
  const rejection = row.rejections.find((candidate) => candidate.field === field);
  const text = row.values[field] ?? rejection?.value ?? "";
  if (!rejection) return <span className="cell-text">{text}</span>;
  return (
    <Tooltip title={rejection.message}>
      <span className="cell-text cell-rejected">{text || "–"}</span>
    </Tooltip>
  );
}
