import { useQuery } from "@tanstack/react-query";
import { trendQuery } from "@/api/segments";
import { formatNumber } from "@/components/values";
import { useI18n } from "@/i18n";
import { sparklinePoints } from "./trend";

const DAYS = 30;
const WIDTH = 96;
const HEIGHT = 26;

/** The size of the last 30 days as a line without axes; the figures stand in its label. */
export function Sparkline({ segmentId }: { segmentId: string }) {
  const { t, locale } = useI18n();
  const trend = useQuery(trendQuery(segmentId, DAYS));
  const sizes = (trend.data?.days ?? []).flatMap((day) => day.size ?? []);
  if (sizes.length < 2) return <span className="secondary">–</span>;
  const [first, last] = [sizes[0] ?? 0, sizes.at(-1) ?? 0];
  const label = t("segments.trend_label", {
    days: DAYS,
    from: formatNumber(first, locale),
    to: formatNumber(last, locale),
  });
  return (
    <svg width={WIDTH} height={HEIGHT} role="img" aria-label={label}>
      <title>{label}</title>
      <polyline
        points={sparklinePoints(sizes, WIDTH, HEIGHT)}
        fill="none"
        stroke="var(--accent)"
        strokeWidth={1.5}
        strokeLinejoin="round"
      />
    </svg>
  );
}
