import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Button, Flex, Grid, Table, Tag } from "antd";
import type { ReactNode } from "react";
import type { Schemas } from "@/api/client";
import type { CustomerRow } from "@/api/customers";
import { PeopleList } from "@/components/conditions/PeopleList";
import { TableSkeleton } from "@/components/DataTable";
import { ErrorNotice } from "@/components/ErrorNotice";
import { Panel } from "@/components/Panel";
import { formatPhone, Moment, Money, Num } from "@/components/values";
import { useT } from "@/i18n";
import "@/components/conditions/conditions.css";

type Members = Schemas["SegmentMembersOut"];

type Props = {
  people: UseInfiniteQueryResult<InfiniteData<Members>>;
  empty: ReactNode;
  bar?: ReactNode;
  /** What can be done with one of them. */
  action?: (row: CustomerRow) => ReactNode;
};

/** Members page after page, each leading to the customer. */
export function PeopleTable({ people, empty, bar, action }: Props) {
  const t = useT();
  const isNarrow = !(Grid.useBreakpoint().md ?? true);
  if (people.isPending) return <TableSkeleton />;
  if (!people.data) return <ErrorNotice error={people.error} onRetry={people.refetch} />;
  const rows = people.data.pages.flatMap((page) => page.items);
  const first = people.data.pages[0];
  return (
    <Panel>
      <Flex wrap gap={8} align="center" style={{ padding: "12px 16px" }}>
        <span className="secondary">{t("segments.people", { count: first?.total ?? 0 })}</span>
        {first?.is_masked && <Tag>{t("customers.masked")}</Tag>}
        {bar}
      </Flex>
      {rows.length === 0 && empty}
      {rows.length > 0 && isNarrow && (
        <div style={{ padding: "0 16px" }}>
          <PeopleList people={rows} isMasked={false} />
        </div>
      )}
      {rows.length > 0 && !isNarrow && <WideTable rows={rows} action={action} />}
      {people.hasNextPage && (
        <Flex justify="center" style={{ padding: 12 }}>
          <Button loading={people.isFetchingNextPage} onClick={() => people.fetchNextPage()}>
            {t("segments.load_more", { shown: rows.length, count: first?.total ?? 0 })}
          </Button>
        </Flex>
      )}
    </Panel>
  );
}

function WideTable({ rows, action }: { rows: CustomerRow[]; action: Props["action"] }) {
  const t = useT();
  return (
    <Table<CustomerRow>
      size="middle"
      rowKey={(row) => row.id}
      dataSource={rows}
      pagination={false}
      scroll={{ x: "max-content" }}
      columns={[
        {
          key: "name",
          title: t("customers.name"),
          render: (_, row) => (
            <Link to="/customers/$customerId" params={{ customerId: row.id }}>
              {row.name ?? row.nickname ?? <span className="mono">{row.id}</span>}
            </Link>
          ),
        },
        {
          key: "phone",
          title: t("customers.phone"),
          render: (_, row) => <span className="num">{row.phone ? formatPhone(row.phone) : "–"}</span>,
        },
        { key: "city", title: t("customers.city"), render: (_, row) => row.city ?? "–" },
        {
          key: "orders",
          title: t("customers.orders"),
          align: "right",
          render: (_, row) => <Num value={row.orders} />,
        },
        {
          key: "spend",
          title: t("customers.net_spend"),
          align: "right",
          render: (_, row) => <Money amount={row.net_spend} currency={row.currency} />,
        },
        {
          key: "last",
          title: t("customers.last_ordered"),
          render: (_, row) => <Moment at={row.last_ordered_at} withTime={false} />,
        },
        ...(action ? [{ key: "action", render: (_: unknown, row: CustomerRow) => action(row) }] : []),
      ]}
    />
  );
}
