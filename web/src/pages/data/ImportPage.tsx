import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { Alert, Button, Card, Descriptions, Flex, Progress, Skeleton } from "antd";
import dayjs from "dayjs";
import { useEffect, useRef } from "react";
import { client, send } from "@/api/client";
import { type Import, importQuery, isUnderWay, recordKindsQuery } from "@/api/imports";
import { useMay } from "@/app/session";
import { useActorName } from "@/components/Actor";
import { ErrorNotice } from "@/components/ErrorNotice";
import { useFeedback } from "@/components/feedback";
import { PageHead } from "@/components/PageHead";
import { Moment, Num } from "@/components/values";
import { useI18n, useT, useWord } from "@/i18n";
import { ImportStateTag } from "./ImportsSection";
import { useLabel } from "./labels";
import { ReasonList } from "./ReasonList";

export function Page() {
  const t = useT();
  const { importId = "" }: { importId?: string } = useParams({ strict: false });
  const queryClient = useQueryClient();
  const item = useQuery(importQuery(importId));
  const wasUnderWay = useRef(false);
  useEffect(() => {
    if (!item.data) return;
    // What an import brought in shows everywhere as soon as it ends.
    if (wasUnderWay.current && !isUnderWay(item.data)) {
      queryClient.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== "import" });
    }
    wasUnderWay.current = isUnderWay(item.data);
  }, [item.data, queryClient]);

  if (item.isPending) return <Skeleton active />;
  if (!item.data) return <ErrorNotice error={item.error} onRetry={item.refetch} />;
  return (
    <>
      <PageHead
        title={item.data.file_name}
        above={
          <Link to="/data/imports" style={{ display: "inline-block", marginBottom: 4 }}>
            ← {t("data.imports")}
          </Link>
        }
        actions={<ImportActions item={item.data} />}
      />
      <Flex vertical gap={16}>
        {item.isError && <ErrorNotice error={item.error} onRetry={item.refetch} />}
        <ProgressCard item={item.data} />
        <ReportCard item={item.data} />
        <FactsCard item={item.data} />
      </Flex>
    </>
  );
}

function ImportActions({ item }: { item: Import }) {
  const t = useT();
  const may = useMay();
  const feedback = useFeedback();
  const queryClient = useQueryClient();
  const path = { params: { path: { import_id: item.id } } };
  const done = {
    onSuccess: (changed: Import) => queryClient.setQueryData(importQuery(item.id).queryKey, changed),
    onError: feedback.failed,
  };
  const stop = useMutation({
    mutationFn: () => send(client.POST("/api/v1/imports/{import_id}/stop", path)),
    ...done,
  });
  const resume = useMutation({
    mutationFn: () => send(client.POST("/api/v1/imports/{import_id}/resume", path)),
    ...done,
  });
  if (!may("imports.write")) return null;
  if (item.state === "queued" || item.state === "running") {
    return (
      <Button loading={stop.isPending} title={t("import.stop_text")} onClick={() => stop.mutate()}>
        {t("import.stop")}
      </Button>
    );
  }
  if (item.state === "stopped" || item.state === "failed") {
    return (
      <Button type="primary" loading={resume.isPending} onClick={() => resume.mutate()}>
        {t("import.resume")}
      </Button>
    );
  }
  if (item.state !== "done" || item.kind === "products") return null;
  return (
    <Link to="/customers">
      <Button type="primary">{t("import.done_next")}</Button>
    </Link>
  );
}

function ProgressCard({ item }: { item: Import }) {
  const t = useT();
  const word = useWord();
  const status =
    item.state === "done"
      ? "success"
      : item.state === "failed"
        ? "exception"
        : isUnderWay(item)
          ? "active"
          : "normal";
  return (
    <Card>
      <Flex vertical gap={8}>
        <Flex gap={12} align="center" wrap>
          <ImportStateTag item={item} />
          {isUnderWay(item) && item.state !== "queued" && <span>{word("import_phase", item.phase)}</span>}
          <span className="secondary" aria-live="polite">
            {item.rows_total === null
              ? t("import.rows_read", { count: item.rows_read })
              : t("import.rows_handled", { done: item.rows_handled, total: item.rows_total })}
          </span>
        </Flex>
        <Progress
          percent={Math.floor(item.progress * 100)}
          status={status}
          aria-label={t("imports.progress")}
          style={{ margin: 0 }}
        />
        {isUnderWay(item) && <span className="secondary">{t("import.leave")}</span>}
        {item.error_message && (
          <Alert
            type={item.state === "failed" ? "error" : "warning"}
            showIcon
            title={item.error_message}
            description={
              item.next_attempt_at &&
              t("import.retry_at", { time: dayjs(item.next_attempt_at).format("HH:mm:ss") })
            }
          />
        )}
      </Flex>
    </Card>
  );
}

const OUTCOMES = ["taken", "changed", "unchanged", "rejected"] as const;

function ReportCard({ item }: { item: Import }) {
  const t = useT();
  const kinds = useQuery(recordKindsQuery);
  const kind = kinds.data?.find((candidate) => candidate.name === item.kind);
  return (
    <Card>
      <table className="report-table">
        <thead>
          <tr>
            <td />
            {OUTCOMES.map((outcome) => (
              <th key={outcome} scope="col">
                {t(`imports.${outcome}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {(["records", "rows"] as const).map((unit) => (
            <tr key={unit}>
              <th scope="row">{t(`import.${unit}`)}</th>
              {OUTCOMES.map((outcome) => (
                <td
                  key={outcome}
                  style={
                    outcome === "rejected" && item[unit].rejected ? { color: "var(--removed)" } : undefined
                  }
                >
                  <Num value={item[unit][outcome]} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {item.rows.rejected > 0 && (
        <div style={{ marginTop: 20 }}>
          <Flex justify="space-between" gap={12} wrap style={{ marginBottom: 4 }}>
            <strong>{t("import.reasons")}</strong>
            <span className="secondary">{t("import.new_letters", { count: item.new_dead_letters })}</span>
          </Flex>
          <ReasonList kind={kind} reasons={item.reasons} importId={item.id} />
        </div>
      )}
      {item.state === "done" && item.rows.rejected === 0 && (
        <Alert type="success" showIcon title={t("import.all_taken")} style={{ marginTop: 16 }} />
      )}
    </Card>
  );
}

function FactsCard({ item }: { item: Import }) {
  const { t } = useI18n();
  const label = useLabel();
  const nameOf = useActorName();
  const kinds = useQuery(recordKindsQuery);
  const kind = kinds.data?.find((candidate) => candidate.name === item.kind);
  const seconds =
    item.started_at && item.finished_at
      ? dayjs(item.finished_at).diff(dayjs(item.started_at), "second")
      : null;
  const fieldName = (name: string) => {
    const field = kind?.fields.find((candidate) => candidate.name === name);
    return field ? label(field.label) : name;
  };
  return (
    <Card title={t("import.mapping")}>
      <Descriptions
        column={{ xs: 1, sm: 2, lg: 3 }}
        items={[
          { key: "kind", label: t("imports.kind"), children: kind ? label(kind.label) : item.kind },
          { key: "source", label: t("imports.source"), children: item.mapping.source },
          { key: "by", label: t("imports.started_by"), children: nameOf(item.started_by) },
          { key: "at", label: t("imports.created_at"), children: <Moment at={item.created_at} /> },
          ...(seconds === null
            ? []
            : [{ key: "took", label: t("import.took"), children: t("import.seconds", { count: seconds }) }]),
          { key: "zone", label: t("wizard.zone"), children: item.mapping.zone },
        ]}
      />
      <div className="mapping-list">
        {item.mapping.bindings.map((binding) => (
          <span key={`${binding.column} ${binding.field}`} className="wrap-anywhere">
            {binding.column} <span className="secondary">→</span> {fieldName(binding.field)}
          </span>
        ))}
      </div>
    </Card>
  );
}
