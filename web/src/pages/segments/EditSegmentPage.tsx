import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useBlocker, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { Button, Card, Modal, Skeleton } from "antd";
import { useRef, useState } from "react";
import { client, type Schemas, send } from "@/api/client";
import { type SegmentDetail, segmentQuery, toBody, toCondition } from "@/api/segments";
import type { Search } from "@/app/search";
import { ConditionWorkbench } from "@/components/conditions/ConditionWorkbench";
import { type Editor, useConditionEditor } from "@/components/conditions/use-editor";
import type { Live } from "@/components/conditions/use-live";
import { ErrorNotice } from "@/components/ErrorNotice";
import { useFeedback } from "@/components/feedback";
import { PageHead } from "@/components/PageHead";
import { useT } from "@/i18n";
import { isSame, newMeta, type SegmentMeta, toMeta } from "./meta";
import { SegmentForm } from "./SegmentForm";
import { conditionFromAddress } from "./start";

/** A new segment, or another version of an existing one. `copy` names one to start from, `condition` gives one. */
export function Page() {
  const { segmentId }: { segmentId?: string } = useParams({ strict: false });
  const { copy, condition, name }: Search = useSearch({ strict: false });
  const source = segmentId ?? copy;
  const segment = useQuery({ ...segmentQuery(source ?? ""), enabled: source !== undefined });

  if (source === undefined) return <EditSegment segment={null} isNew condition={condition} name={name} />;
  if (segment.isPending) return <Skeleton active paragraph={{ rows: 10 }} />;
  if (!segment.data) return <ErrorNotice error={segment.error} onRetry={segment.refetch} />;
  // The form starts anew with another segment, not with every refetch of the same one.
  return <EditSegment key={segment.data.id} segment={segment.data} isNew={segmentId === undefined} />;
}

type Props = {
  segment: SegmentDetail | null;
  isNew: boolean;
  condition?: string | undefined;
  name?: string | undefined;
};

function EditSegment({ segment, isNew, condition, name = "" }: Props) {
  const t = useT();
  const navigate = useNavigate();
  const feedback = useFeedback();
  const queryClient = useQueryClient();
  const [start] = useState(() => (segment && !isNew ? toMeta(segment) : { ...newMeta(segment), name }));
  const [meta, setMeta] = useState<SegmentMeta>(start);
  const [live, setLive] = useState<Live | null>(null);
  const editor = useConditionEditor(
    segment ? toCondition(segment.condition) : conditionFromAddress(condition),
  );
  const isSaved = useRef(false);
  const isChanged = editor.isChanged || !isSame(meta, start);
  const isDynamic = meta.kind === "dynamic";
  const hasProblems = isDynamic && (live?.problems.length ?? 0) > 0;
  const save = useMutation({
    mutationFn: () => (segment && !isNew ? change(segment, meta, editor) : create(meta, editor)),
    onSuccess: (saved) => {
      isSaved.current = true;
      queryClient.setQueryData(segmentQuery(saved.id).queryKey, saved);
      queryClient.invalidateQueries({ queryKey: ["segments"] });
      queryClient.invalidateQueries({ queryKey: ["segment", saved.id] });
      queryClient.invalidateQueries({ queryKey: ["condition-catalogue"] });
      feedback.done(t("segments.saved"));
      navigate({ to: "/segments/$segmentId", params: { segmentId: saved.id } });
    },
  });
  const title = isNew ? t("segments.new") : t("segments.edit_title", { name: segment?.name ?? "" });
  return (
    <>
      <PageHead
        title={title}
        above={
          <Link to={segment && !isNew ? `/segments/${segment.id}` : "/segments"}>
            ← {segment && !isNew ? segment.name : t("nav.segments")}
          </Link>
        }
        actions={
          <Button
            type="primary"
            loading={save.isPending}
            disabled={hasProblems || meta.name.trim() === "" || meta.key === "" || (!isNew && !isChanged)}
            onClick={() => save.mutate()}
          >
            {t(!isNew && editor.isChanged ? "segments.save_version" : "action.save")}
          </Button>
        }
      />
      {save.isError && <ErrorNotice error={save.error} style={{ marginBottom: 12 }} />}
      <Card size="small" style={{ marginBottom: 16 }}>
        <SegmentForm
          meta={meta}
          onChange={(patch) => setMeta({ ...meta, ...patch })}
          isNew={isNew}
          withNote={!isNew && editor.isChanged}
        />
      </Card>
      {isDynamic ? (
        <ConditionWorkbench
          editor={editor}
          zone={meta.zone || null}
          label={t("segments.condition")}
          onLive={setLive}
        />
      ) : (
        <Card size="small">{t("segments.static_text")}</Card>
      )}
      <LeaveGuard isNeeded={() => isChanged && !isSaved.current} />
    </>
  );
}

async function create(meta: SegmentMeta, editor: Editor): Promise<SegmentDetail> {
  const body: Schemas["SegmentIn"] = {
    key: meta.key,
    name: meta.name.trim(),
    kind: meta.kind,
    description: meta.description,
    zone: meta.zone || null,
    condition: meta.kind === "dynamic" ? toBody(editor.json) : null,
  };
  return send(client.POST("/api/v1/segments", { body }));
}

async function change(segment: SegmentDetail, meta: SegmentMeta, editor: Editor): Promise<SegmentDetail> {
  const body: Schemas["SegmentChangeIn"] = {
    name: meta.name.trim(),
    description: meta.description,
    zone: meta.zone,
    note: meta.note,
    ...(editor.isChanged && { condition: toBody(editor.json) }),
  };
  return send(
    client.PATCH("/api/v1/segments/{segment_id}", { params: { path: { segment_id: segment.id } }, body }),
  );
}

/** Asks before unsaved work is left, by link, back button or closing the window. */
function LeaveGuard({ isNeeded }: { isNeeded: () => boolean }) {
  const t = useT();
  const blocker = useBlocker({
    shouldBlockFn: isNeeded,
    enableBeforeUnload: isNeeded,
    withResolver: true,
  });
  return (
    <Modal
      open={blocker.status === "blocked"}
      title={t("segments.leave_title")}
      okText={t("segments.leave")}
      okButtonProps={{ danger: true }}
      cancelText={t("segments.stay")}
      onOk={() => blocker.proceed?.()}
      onCancel={() => blocker.reset?.()}
    >
      {t("segments.leave_text")}
    </Modal>
  );
}
