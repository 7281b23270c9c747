import { Tag, Tooltip } from "antd";
import dayjs from "dayjs";
import type { Segment } from "@/api/segments";
import { useT } from "@/i18n";

const COLOURS = { waiting: "blue", healthy: "green", failing: "red", suspended: "orange" } as const;

/** One tag for what matters most: not active beats failing beats fine. The reason stands beside it on hover. */
export function SegmentStatus({ segment }: { segment: Segment }) {
  const t = useT();
  if (segment.state !== "active") return <Tag>{t(`segment_state.${segment.state}`)}</Tag>;
  const tag = (
    <Tag color={COLOURS[segment.health]} tabIndex={segment.problem ? 0 : undefined}>
      {t(`segment_health.${segment.health}`)}
    </Tag>
  );
  return segment.problem ? <Tooltip title={<ProblemText segment={segment} />}>{tag}</Tooltip> : tag;
}

/** Why it is not evaluated, since when, and when it is tried again. */
export function ProblemText({ segment }: { segment: Segment }) {
  const t = useT();
  const { problem } = segment;
  if (!problem) return null;
  const time = (at: string) => dayjs(at).format("YYYY-MM-DD HH:mm");
  return (
    <>
      {problem.message} {t("segments.failing_since", { time: time(problem.since) })}
      {problem.retry_at && ` ${t("segments.retry_at", { time: time(problem.retry_at) })}`}
    </>
  );
}
