import { queryOptions, useQuery } from "@tanstack/react-query";
import { Alert, Card, Flex, Table, Tag } from "antd";
import { client, type Schemas, send } from "@/api/client";
import { TableSkeleton } from "@/components/DataTable";
import { ErrorNotice } from "@/components/ErrorNotice";
import { Panel } from "@/components/Panel";
import { formatBytes, Moment, Num } from "@/components/values";
import { useI18n, useT, useWord } from "@/i18n";
import { ConsumersTable } from "./ConsumersTable";

type Health = Schemas["HealthOut"];
const REFRESH_MS = 5_000;

export const healthQuery = queryOptions({
  queryKey: ["health"],
  queryFn: () => send(client.GET("/api/v1/system/health")),
  refetchInterval: REFRESH_MS,
});

export function HealthSection() {
  const health = useQuery(healthQuery);
  if (health.isPending) return <TableSkeleton />;
  if (!health.data) return <ErrorNotice error={health.error} onRetry={health.refetch} />;
  return (
    <Flex vertical gap={16}>
      {health.isError && <ErrorNotice error={health.error} onRetry={health.refetch} />}
      <Engines health={health.data} />
      <ConsumersTable consumers={health.data.consumers} />
      <Processes processes={health.data.processes} />
    </Flex>
  );
}

function Engines({ health }: { health: Health }) {
  const { t, locale } = useI18n();
  const figures = [
    {
      label: t("health.database"),
      value: health.database_version,
      text: formatBytes(health.database_bytes, locale),
    },
    {
      label: t("health.warehouse"),
      value: health.warehouse_version ?? <Tag color="error">{t("health.warehouse_away")}</Tag>,
      text: health.warehouse_version ? formatBytes(health.warehouse_bytes, locale) : null,
    },
    { label: t("health.log_position"), value: <Num value={health.log_position} />, text: null },
    { label: t("health.unsequenced"), value: <Num value={health.unsequenced} />, text: null },
  ];
  return (
    <Card title={t("health.engines")}>
      <div className="figures">
        {figures.map((figure) => (
          <div key={figure.label}>
            <div className="secondary">{figure.label}</div>
            <div className="figure-value">{figure.value}</div>
            {figure.text && <div className="secondary">{figure.text}</div>}
          </div>
        ))}
      </div>
    </Card>
  );
}

function Processes({ processes }: { processes: Health["processes"] }) {
  const t = useT();
  const word = useWord();
  return (
    <Panel title={t("health.processes")}>
      {processes.length === 0 ? (
        <Alert type="info" showIcon title={t("health.no_processes")} style={{ margin: 16 }} />
      ) : (
        <Table
          size="middle"
          rowKey="name"
          dataSource={processes}
          pagination={false}
          scroll={{ x: "max-content" }}
          columns={[
            { title: t("health.process"), render: (_, process) => <strong>{process.name}</strong> },
            {
              title: t("health.state"),
              render: (_, process) => (
                <Tag color={process.state === "running" ? "success" : "warning"}>
                  {word("process_state", process.state)}
                </Tag>
              ),
            },
            { title: "PID", render: (_, process) => process.pid ?? "–" },
            { title: t("health.since"), render: (_, process) => <Moment at={process.started_at} /> },
            {
              title: t("health.restarts"),
              align: "right",
              render: (_, process) => <Num value={process.restarts} />,
            },
          ]}
        />
      )}
    </Panel>
  );
}
