import { CameraOutlined, DeleteOutlined } from "@ant-design/icons";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Button } from "antd";
import { client, send } from "@/api/client";
import { type Audience, audiencesQuery } from "@/api/segments";
import type { ListState } from "@/app/list-state";
import { useMay } from "@/app/session";
import { Actor } from "@/components/Actor";
import { type Column, DataTable } from "@/components/DataTable";
import { EmptyState } from "@/components/EmptyState";
import { useFeedback } from "@/components/feedback";
import { Panel } from "@/components/Panel";
import { Moment, Num } from "@/components/values";
import { useT } from "@/i18n";

/** Frozen lists of people, of one segment or all of them. */
export function AudienceList({ state, segmentId }: { state: ListState; segmentId?: string }) {
  const t = useT();
  const may = useMay();
  const remove = useDeleteAudience();
  const audiences = useQuery(
    audiencesQuery({
      page: state.page,
      page_size: state.pageSize,
      ...(segmentId && { segment: segmentId }),
    }),
  );
  const columns: Column<Audience>[] = [
    {
      key: "name",
      title: t("segments.audience_name"),
      isFixed: true,
      render: (row) => (
        <Link to="/segments/audiences/$audienceId" params={{ audienceId: row.id }}>
          {row.name}
        </Link>
      ),
    },
    { key: "count", title: t("segments.size"), align: "right", render: (row) => <Num value={row.count} /> },
    { key: "taken", title: t("segments.taken_at"), render: (row) => <Moment at={row.taken_at} /> },
    { key: "by", title: t("segments.taken_by"), render: (row) => <Actor actor={row.taken_by} /> },
    { key: "key", title: t("segments.key"), render: (row) => <span className="mono">{row.key}</span> },
  ];
  if (may("segments.write")) {
    columns.push({
      key: "delete",
      title: "",
      isFixed: true,
      render: (row) => (
        <Button
          type="text"
          size="small"
          icon={<DeleteOutlined />}
          aria-label={t("segments.delete_title", { name: row.name })}
          onClick={() => remove(row)}
        />
      ),
    });
  }
  return (
    <Panel>
      <DataTable
        columns={columns}
        rowKey={(row) => row.id}
        query={audiences}
        state={state}
        empty={
          <EmptyState
            isCompact
            icon={<CameraOutlined />}
            title={t("segments.no_audiences")}
            text={t("segments.no_audiences_text")}
          />
        }
      />
    </Panel>
  );
}

/** Asks first; `onDone` is for a page that shows the audience itself. */
export function useDeleteAudience(onDone?: () => void): (audience: Audience) => void {
  const t = useT();
  const feedback = useFeedback();
  const queryClient = useQueryClient();
  const remove = useMutation({
    mutationFn: (audience: Audience) =>
      send(
        client.DELETE("/api/v1/audiences/{audience_id}", { params: { path: { audience_id: audience.id } } }),
      ),
    onSuccess: () => {
      queryClient.invalidateQueries({ queryKey: ["audiences"] });
      feedback.done(t("segments.deleted"));
      onDone?.();
    },
    onError: feedback.failed,
  });
  return (audience) =>
    feedback.modal.confirm({
      title: t("segments.delete_title", { name: audience.name }),
      content: t("segments.delete_audience_text"),
      okText: t("action.delete"),
      okButtonProps: { danger: true },
      onOk: () => remove.mutateAsync(audience).catch(() => undefined),
    });
}
