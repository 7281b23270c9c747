import { RollbackOutlined } from "@ant-design/icons";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Flex, Tag } from "antd";
import { client, type Schemas, send } from "@/api/client";
import { useLocalListState } from "@/app/list-state";
import { type Column, DataTable } from "@/components/DataTable";
import { EmptyState } from "@/components/EmptyState";
import { Panel } from "@/components/Panel";
import { Moment, Money, Num } from "@/components/values";
import { useT, useWord } from "@/i18n";

type Refund = Schemas["RefundOut"];

export function Refunds({ customerId }: { customerId: string }) {
  const t = useT();
  const state = useLocalListState();
  const query = { page: state.page, page_size: state.pageSize };
  const refunds = useQuery({
    queryKey: ["customer", customerId, "refunds", query],
    queryFn: ({ signal }) =>
      send(
        client.GET("/api/v1/customers/{customer_id}/refunds", {
          params: { path: { customer_id: customerId }, query },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });
  const columns: Column<Refund>[] = [
    {
      key: "number",
      title: t("refunds.number"),
      isFixed: true,
      render: (refund) => <strong>{refund.number}</strong>,
    },
    {
      key: "refunded_at",
      title: t("refunds.refunded_at"),
      render: (refund) => <Moment at={refund.refunded_at} />,
    },
    {
      key: "kind",
      title: t("refunds.kind"),
      render: (refund) => t(refund.with_goods ? "refunds.with_goods" : "refunds.money_only"),
    },
    { key: "match", title: t("refunds.match"), render: (refund) => <MatchState refund={refund} /> },
    {
      key: "amount",
      title: t("orders.amount"),
      align: "right",
      render: (refund) => <Money amount={refund.total_amount} currency={refund.currency} />,
    },
    { key: "source", title: t("orders.source"), render: (refund) => refund.source },
  ];
  return (
    <Panel title={t("refunds.title")}>
      <DataTable
        columns={columns}
        rowKey={(refund) => refund.id}
        query={refunds}
        state={state}
        expand={{
          label: (isOpen) => t(isOpen ? "orders.hide" : "orders.show"),
          render: (refund) => <RefundLines refund={refund} />,
        }}
        empty={<EmptyState isCompact icon={<RollbackOutlined />} title={t("refunds.none")} />}
      />
    </Panel>
  );
}

function MatchState({ refund }: { refund: Refund }) {
  const t = useT();
  const unmatched = refund.lines.filter((line) => line.unmatched_reason).length;
  if (unmatched === 0) return <Tag color="success">{t("refunds.matched")}</Tag>;
  return <Tag color="warning">{t("refunds.unmatched_count", { count: unmatched })}</Tag>;
}

function RefundLines({ refund }: { refund: Refund }) {
  const word = useWord();
  return (
    <Flex vertical gap={8}>
      {refund.lines.map((line, index) => (
        // Identical lines are real and their order is fixed, so their place is the key.
        <div className="line-row" key={index}>
          <div className="wrap-anywhere">
            {line.description ?? line.sku ?? "–"}{" "}
            {line.sku && <span className="mono secondary">{line.sku}</span>}
            <div className="secondary">
              {line.matches.map((match) => (
                <div key={match.order_id}>
                  ← {match.order_number} · <Moment at={match.ordered_at} withTime={false} /> ·{" "}
                  <Num value={match.quantity} digits={3} />
                </div>
              ))}
              {line.unmatched_reason && (
                <Tag color="warning">{word("unmatched_reason", line.unmatched_reason)}</Tag>
              )}
            </div>
          </div>
          <div className="num secondary">
            <Num value={line.quantity} digits={3} /> ×{" "}
            <Money amount={line.unit_price} currency={line.currency} />
          </div>
          <div className="num" style={{ textAlign: "right" }}>
            <Money amount={line.amount} currency={line.currency} />
          </div>
        </div>
      ))}
    </Flex>
  );
}
