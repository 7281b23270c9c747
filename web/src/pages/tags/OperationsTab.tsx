import { ThunderboltOutlined } from "@ant-design/icons";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Flex, Tag as Mark, Progress } from "antd";
import { useEffect, useRef } from "react";
import { client, send } from "@/api/client";
import { isRunning, type Tag, type TagOperation, tagOperationsQuery } from "@/api/tags";
import { useLocalListState } from "@/app/list-state";
import { useMay } from "@/app/session";
import { Actor } from "@/components/Actor";
import { type Column, DataTable } from "@/components/DataTable";
import { EmptyState } from "@/components/EmptyState";
import { useFeedback } from "@/components/feedback";
import { Panel } from "@/components/Panel";
import { Moment, NOTHING } from "@/components/values";
import { type Translate, useT } from "@/i18n";

const COLOURS = {
  waiting: "default",
  running: "processing",
  done: "success",
  stopped: "warning",
  failed: "error",
} as const;

/** Bulk changes of a tag with their progress; what has ended can be undone. */
export function OperationsTab({ tag }: { tag: Tag }) {
  const t = useT();
  const queryClient = useQueryClient();
  const state = useLocalListState();
  const operations = useQuery(tagOperationsQuery(tag.id, state.page, state.pageSize));
  const running = operations.data?.items.filter(isRunning).length ?? 0;
  const before = useRef(running);
  useEffect(() => {
    // When one has ended, counts, people and history are no longer what they were.
    if (running < before.current) queryClient.invalidateQueries({ queryKey: ["tag", tag.id] });
    before.current = running;
  }, [running, queryClient, tag.id]);
  return (
    <Panel>
      <DataTable
        columns={operationColumns(t)}
        rowKey={(row) => row.id}
        query={operations}
        state={state}
        empty={
          <EmptyState
            isCompact
            icon={<ThunderboltOutlined />}
            title={t("tags.operations_empty")}
            text={t("tags.operations_empty_text")}
          />
        }
      />
    </Panel>
  );
}

function operationColumns(t: Translate): Column<TagOperation>[] {
  return [
    {
      key: "what",
      title: t("tags.what"),
      isFixed: true,
      render: (row) => (
        <>
          {t(`tag_operation.${row.kind}`)}
          {row.value_label ? `：${row.value_label}` : ""}
        </>
      ),
    },
    { key: "state", title: t("segments.state"), render: (row) => <State operation={row} /> },
    {
      key: "counts",
      title: t("tags.people"),
      render: (row) =>
        t("tags.counts", {
          changed: row.counts.changed,
          unchanged: row.counts.unchanged,
          skipped: row.counts.skipped,
        }),
    },
    { key: "by", title: t("tags.given_by"), render: (row) => <Actor actor={row.actor} /> },
    { key: "when", title: t("tags.when"), render: (row) => <Moment at={row.created_at} /> },
    {
      key: "reason",
      title: t("tags.reason"),
      render: (row) => <span className="cell-text">{row.reason || NOTHING}</span>,
    },
    { key: "actions", title: "", align: "right", render: (row) => <Actions operation={row} /> },
  ];
}

function State({ operation }: { operation: TagOperation }) {
  const t = useT();
  if (!isRunning(operation)) {
    return (
      <Flex gap={6} wrap>
        <Mark color={COLOURS[operation.state]}>{t(`tag_operation_state.${operation.state}`)}</Mark>
        {operation.undone_by && <Mark>{t("tags.undone")}</Mark>}
      </Flex>
    );
  }
  const total = operation.people_total;
  if (total === null) return <span className="secondary">{t("tags.looking_up")}</span>;
  return (
    <Flex vertical style={{ minWidth: 160 }}>
      <Progress
        percent={total ? Math.floor((100 * operation.people_done) / total) : 100}
        size="small"
        status="active"
        aria-label={t("tag_operation_state.running")}
      />
      <span className="secondary num">{t("tags.progress", { done: operation.people_done, total })}</span>
    </Flex>
  );
}

function Actions({ operation }: { operation: TagOperation }) {
  const t = useT();
  const may = useMay();
  const feedback = useFeedback();
  const queryClient = useQueryClient();
  const path = { params: { path: { operation_id: operation.id } } };
  const refresh = {
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ["tag", operation.tag.id] }),
    onError: feedback.failed,
  };
  const stop = useMutation({
    mutationFn: () => send(client.POST("/api/v1/tag-operations/{operation_id}/stop", path)),
    ...refresh,
  });
  const undo = useMutation({
    mutationFn: () => send(client.POST("/api/v1/tag-operations/{operation_id}/undo", path)),
    ...refresh,
  });
  if (!may("tags.write")) return null;
  if (isRunning(operation)) {
    return (
      <Button size="small" disabled={operation.is_stopping} onClick={() => stop.mutate()}>
        {t(operation.is_stopping ? "tags.stopping" : "tags.stop")}
      </Button>
    );
  }
  if (!operation.is_undoable) return null;
  const ask = () =>
    feedback.modal.confirm({
      title: t("tags.undo_confirm"),
      content: t("tags.undo_text"),
      okText: t("tags.undo"),
      onOk: () => undo.mutateAsync().catch(() => undefined),
    });
  return (
    <Button size="small" loading={undo.isPending} onClick={ask}>
      {t("tags.undo")}
    </Button>
  );
}
