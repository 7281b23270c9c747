import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Card, Flex, Skeleton, Tag } from "antd";
import { client, send } from "@/api/client";
import { type SegmentDetail, type SegmentVersion, segmentQuery, versionsQuery } from "@/api/segments";
import { useMay } from "@/app/session";
import { Actor } from "@/components/Actor";
import { ErrorNotice } from "@/components/ErrorNotice";
import { useFeedback } from "@/components/feedback";
import { Moment } from "@/components/values";
import { useT } from "@/i18n";

/** Every condition the segment has had; an earlier one can hold again, as a new version. */
export function VersionsTab({ segment }: { segment: SegmentDetail }) {
  const t = useT();
  const feedback = useFeedback();
  const queryClient = useQueryClient();
  const versions = useQuery(versionsQuery(segment.id));
  const restore = useMutation({
    mutationFn: (version: number) =>
      send(
        client.POST("/api/v1/segments/{segment_id}/versions/{version}/restore", {
          params: { path: { segment_id: segment.id, version } },
        }),
      ),
    onSuccess: (restored) => {
      queryClient.setQueryData(segmentQuery(segment.id).queryKey, restored);
      queryClient.invalidateQueries({ queryKey: ["segment", segment.id] });
      feedback.done(t("segments.restored", { version: restored.version }));
    },
    onError: feedback.failed,
  });
  const ask = (version: SegmentVersion) =>
    feedback.modal.confirm({
      title: t("segments.restore_title", { version: version.version }),
      content: version.sentence,
      okText: t("segments.restore"),
      onOk: () => restore.mutateAsync(version.version).catch(() => undefined),
    });

  if (versions.isPending) return <Skeleton active />;
  if (!versions.data) return <ErrorNotice error={versions.error} onRetry={versions.refetch} />;
  return (
    <Flex vertical gap={12}>
      {versions.data.map((version) => (
        <VersionCard key={version.version} version={version} onRestore={() => ask(version)} />
      ))}
    </Flex>
  );
}

function VersionCard({ version, onRestore }: { version: SegmentVersion; onRestore: () => void }) {
  const t = useT();
  const may = useMay();
  return (
    <Card
      size="small"
      title={
        <>
          {t("segments.version_n", { version: version.version })}{" "}
          {version.is_current && <Tag color="success">{t("segments.current")}</Tag>}
        </>
      }
      extra={
        !version.is_current &&
        may("segments.write") && (
          <Button size="small" onClick={onRestore}>
            {t("segments.restore")}
          </Button>
        )
      }
    >
      <p className="wrap-anywhere" style={{ margin: "0 0 4px" }}>
        {version.sentence}
      </p>
      <span className="secondary">
        <Moment at={version.created_at} /> · <Actor actor={version.created_by} />
        {version.note && ` · ${version.note}`}
      </span>
    </Card>
  );
}
