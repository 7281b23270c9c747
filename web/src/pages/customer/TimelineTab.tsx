import { HistoryOutlined } from "@ant-design/icons";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Button, Card, Flex, Select, Skeleton } from "antd";
import dayjs from "dayjs";
import { useEffect, useRef, useState } from "react";
import { client, type Schemas, send } from "@/api/client";
import { EmptyState } from "@/components/EmptyState";
import { ErrorNotice } from "@/components/ErrorNotice";
import { type Translate, useT, useWord } from "@/i18n";
import { groupByDay } from "./days";
import { TimelineEntry } from "./TimelineEntry";

type Kind = Schemas["TimelineKind"];
const KINDS: Kind[] = ["order", "refund", "interaction", "consent", "profile_change", "merge", "split"];
const PAGE_SIZE = 50;

export function TimelineTab({ customerId, currency }: { customerId: string; currency: string | null }) {
  const t = useT();
  const word = useWord();
  const [kinds, setKinds] = useState<Kind[]>([]);
  const timeline = useInfiniteQuery({
    queryKey: ["customer", customerId, "timeline", kinds],
    queryFn: ({ pageParam, signal }) =>
      send(
        client.GET("/api/v1/customers/{customer_id}/timeline", {
          params: {
            path: { customer_id: customerId },
            query: { before: pageParam, limit: PAGE_SIZE, kind: kinds.length > 0 ? kinds : undefined },
          },
          signal,
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
  const entries = timeline.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Card
      title={t("customer.tab_timeline")}
      extra={
        <Select
          mode="multiple"
          allowClear
          maxTagCount="responsive"
          aria-label={t("list.filter")}
          placeholder={t("timeline.all")}
          value={kinds}
          onChange={setKinds}
          options={KINDS.map((kind) => ({ value: kind, label: word("timeline_kind", kind) }))}
          style={{ width: 200 }}
        />
      }
    >
      {timeline.isPending && <Skeleton active avatar paragraph={{ rows: 6 }} />}
      {timeline.isError && <ErrorNotice error={timeline.error} onRetry={() => timeline.refetch()} />}
      {timeline.isSuccess && entries.length === 0 && (
        <EmptyState
          isCompact
          icon={<HistoryOutlined />}
          title={t("timeline.empty")}
          text={t("timeline.empty_text")}
        />
      )}
      {groupByDay(entries).map(({ day, items }) => (
        <section key={day}>
          <h2 className="day-head">{dayName(day, t)}</h2>
          {items.map((entry) => (
            <TimelineEntry key={entry.id} entry={entry} currency={currency} />
          ))}
        </section>
      ))}
      {entries.length > 0 && (
        <MoreWhenSeen
          hasMore={timeline.hasNextPage}
          isLoading={timeline.isFetchingNextPage}
          onMore={() => timeline.fetchNextPage()}
        />
      )}
    </Card>
  );
}

function dayName(day: string, t: Translate): string {
  const date = dayjs(day);
  const weekday = date.format("ddd");
  if (date.isSame(dayjs(), "day")) return `${t("timeline.today")} · ${day} ${weekday}`;
  if (date.isSame(dayjs().subtract(1, "day"), "day")) return `${t("timeline.yesterday")} · ${day} ${weekday}`;
  return `${day} ${weekday}`;
}

type MoreProps = { hasMore: boolean; isLoading: boolean; onMore: () => void };

/** Loads what comes next when the end comes into view; the button stays for those who do not scroll. */
function MoreWhenSeen({ hasMore, isLoading, onMore }: MoreProps) {
  const t = useT();
  const end = useRef<HTMLDivElement>(null);
  const latest = useRef(onMore);
  latest.current = onMore;
  const mayLoad = hasMore && !isLoading;
  useEffect(() => {
    if (!mayLoad || !end.current || !("IntersectionObserver" in window)) return;
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting && latest.current(), {
      rootMargin: "400px",
    });
    observer.observe(end.current);
    return () => observer.disconnect();
  }, [mayLoad]);
  return (
    <Flex ref={end} justify="center" style={{ paddingTop: 16 }}>
      {hasMore ? (
        <Button loading={isLoading} onClick={onMore}>
          {t("action.load_more")}
        </Button>
      ) : (
        <span className="secondary">{t("timeline.end")}</span>
      )}
    </Flex>
  );
}
