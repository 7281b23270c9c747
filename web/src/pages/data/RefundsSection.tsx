import { RollbackOutlined } from "@ant-design/icons";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Select, Tag } from "antd";
import { client, type Schemas, send } from "@/api/client";
import { useCustomerNames, useProductNames } from "@/api/names";
import { useListState } from "@/app/list-state";
import { useMay } from "@/app/session";
import { CustomerName } from "@/components/CustomerName";
import { type Column, DataTable } from "@/components/DataTable";
import { EmptyState } from "@/components/EmptyState";
import { ListBar } from "@/components/ListTools";
import { NothingFound } from "@/components/NothingFound";
import { Panel } from "@/components/Panel";
import { Moment, Money, Num } from "@/components/values";
import { useT, useWord } from "@/i18n";

/** Refund lines carry no id and identical ones are real; their place on the page tells them apart. */
type RefundLine = Schemas["RefundLineOut"] & { place: number };
const REASONS: Schemas["UnmatchedReason"][] = [
  "no_purchase",
  "exceeds",
  "order_unknown",
  "not_in_order",
  "anonymous",
  "no_product",
  "correction",
  "pending",
];

export function RefundsSection() {
  const t = useT();
  const word = useWord();
  const may = useMay();
  const state = useListState();
  const reason = REASONS.find((candidate) => candidate === state.search.reason);
  const query = { matched: false, reason, page: state.page, page_size: state.pageSize };
  const lines = useQuery({
    queryKey: ["refund-lines", query],
    queryFn: ({ signal }) => send(client.GET("/api/v1/refunds", { params: { query }, signal })),
    select: (page) => ({ ...page, items: page.items.map((line, place): RefundLine => ({ ...line, place })) }),
    placeholderData: keepPreviousData,
  });
  const customers = useCustomerNames(lines.data?.items.map((line) => line.customer_id) ?? []);
  const products = useProductNames(
    lines.data?.items.map((line) => line.product_id) ?? [],
    may("products.read"),
  );
  const columns: Column<RefundLine>[] = [
    {
      key: "number",
      title: t("refunds.number"),
      isFixed: true,
      render: (line) => <strong>{line.refund_number}</strong>,
    },
    {
      key: "refunded_at",
      title: t("refunds.refunded_at"),
      render: (line) => <Moment at={line.refunded_at} />,
    },
    {
      key: "reason",
      title: t("refunds.reason"),
      render: (line) =>
        line.unmatched_reason && <Tag color="warning">{word("unmatched_reason", line.unmatched_reason)}</Tag>,
    },
    {
      key: "customer",
      title: t("refunds.customer"),
      render: (line) =>
        line.customer_id ? (
          <CustomerName id={line.customer_id} name={customers.get(line.customer_id)} />
        ) : (
          t("refunds.anonymous")
        ),
    },
    { key: "sku", title: t("orders.sku"), render: (line) => line.sku ?? "–" },
    {
      key: "item",
      title: t("orders.item"),
      render: (line) => products.get(line.product_id ?? "") ?? line.description ?? "–",
    },
    {
      key: "quantity",
      title: t("orders.quantity"),
      align: "right",
      render: (line) => (
        <>
          <Num value={line.quantity} digits={3} /> ×{" "}
          <Money amount={line.unit_price} currency={line.currency} />
        </>
      ),
    },
    {
      key: "matched",
      title: t("refunds.matched_quantity"),
      align: "right",
      render: (line) => <Num value={line.matched_quantity} digits={3} />,
    },
    {
      key: "amount",
      title: t("orders.amount"),
      align: "right",
      render: (line) => <Money amount={line.amount} currency={line.currency} />,
    },
    { key: "source", title: t("orders.source"), isOptional: true, render: (line) => line.source },
  ];
  return (
    <Panel>
      <ListBar>
        <Select
          allowClear
          aria-label={t("refunds.reason")}
          placeholder={t("refunds.reason")}
          value={reason}
          onChange={(value) => state.set({ reason: value })}
          options={REASONS.map((value) => ({ value, label: word("unmatched_reason", value) }))}
          style={{ minWidth: 180 }}
        />
        <span className="secondary">{t("refunds.text")}</span>
      </ListBar>
      <DataTable
        columns={columns}
        rowKey={(line) => line.place}
        query={lines}
        state={state}
        empty={
          reason ? (
            <NothingFound state={state} />
          ) : (
            <EmptyState
              icon={<RollbackOutlined />}
              title={t("refunds.empty")}
              text={t("refunds.empty_text")}
            />
          )
        }
      />
    </Panel>
  );
}
