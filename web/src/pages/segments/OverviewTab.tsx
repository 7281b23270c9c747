import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Card, Flex, Segmented, Skeleton, Tag } from "antd";
import { lazy, Suspense, useState } from "react";
import { type SegmentDetail, trendQuery } from "@/api/segments";
import { ErrorNotice } from "@/components/ErrorNotice";
import { useT } from "@/i18n";

const TrendChart = lazy(() => import("./TrendChart"));
const PERIODS = [30, 90, 365];

/** What it says in words, how its size went, and what it hangs together with. */
export function OverviewTab({ segment }: { segment: SegmentDetail }) {
  const t = useT();
  const [days, setDays] = useState(30);
  const trend = useQuery(trendQuery(segment.id, days));
  return (
    <Flex vertical gap={16}>
      {segment.kind === "dynamic" && (
        <Card size="small" title={t("conditions.sentence")}>
          <p className="wrap-anywhere" style={{ margin: 0 }}>
            {segment.sentence}
          </p>
        </Card>
      )}
      <Card
        size="small"
        title={t("segments.trend")}
        extra={
          <Segmented<number>
            size="small"
            value={days}
            onChange={setDays}
            options={PERIODS.map((count) => ({ value: count, label: t("segments.days", { count }) }))}
          />
        }
      >
        {trend.isError && <ErrorNotice error={trend.error} onRetry={trend.refetch} />}
        {trend.isPending && <Skeleton active />}
        {trend.data && (
          <Suspense fallback={<Skeleton active />}>
            <TrendChart days={trend.data.days} />
          </Suspense>
        )}
      </Card>
      <Related segment={segment} />
    </Flex>
  );
}

function Related({ segment }: { segment: SegmentDetail }) {
  const t = useT();
  if (segment.references.length + segment.used_by.length === 0) return null;
  const lists = [
    { title: t("segments.references"), items: segment.references },
    { title: t("segments.used_by"), items: segment.used_by },
  ];
  return (
    <Card size="small" title={t("segments.related")}>
      {lists
        .filter(({ items }) => items.length > 0)
        .map(({ title, items }) => (
          <p key={title} style={{ margin: "0 0 8px" }}>
            <span className="secondary">{title}</span>{" "}
            {items.map((item) => (
              <Tag key={`${item.kind} ${item.key}`}>
                {item.kind === "segment" ? (
                  <Link to="/segments" search={{ q: item.key }}>
                    {item.name}
                  </Link>
                ) : (
                  item.name
                )}
              </Tag>
            ))}
          </p>
        ))}
    </Card>
  );
}
