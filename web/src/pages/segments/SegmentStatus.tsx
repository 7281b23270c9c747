import { Tag, Tooltip } from "antd";
import dayjs from "dayjs";
import type { Schemas } from "@/api/client";
import type { Segment } from "@/api/segments";
import { useT } from "@/i18n";

const COLOURS = {
  waiting: "processing",
  healthy: "success",
  failing: "error",
  suspended: "warning",
} as const;

/** One tag for what matters most: not active beats failing beats fine. The reason stands beside it on hover. */
export function SegmentStatus({ segment }: { segment: Segment }) {
  const t = useT();
  if (segment.state !== "active") return <Tag>{t(`segment_state.${segment.state}`)}</Tag>;
  const tag = (
    <Tag color={COLOURS[segment.health]} tabIndex={segment.problem ? 0 : undefined}>
      {t(`segment_health.${segment.health}`)}
    </Tag>
  );
  return segment.problem ? <Tooltip title={<ProblemText problem={segment.problem} />}>{tag}</Tooltip> : tag;
}

/** Why something is not evaluated, since when, and when it is tried again. */
export function ProblemText({ problem }: { problem: Schemas["SegmentProblemOut"] }) {
  const t = useT();
  const time = (at: string) => dayjs(at).format("YYYY-MM-DD HH:mm");
  return (
    <>
      {problem.message} {t("segments.failing_since", { time: time(problem.since) })}
      {problem.retry_at && ` ${t("segments.retry_at", { time: time(problem.retry_at) })}`}
    </>
  );
}
