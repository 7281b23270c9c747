import { ShoppingOutlined } from "@ant-design/icons";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Flex, Tag, Tooltip } from "antd";
import { client, type Schemas, send } from "@/api/client";
import { useLocalListState } from "@/app/list-state";
import { type Column, DataTable } from "@/components/DataTable";
import { EmptyState } from "@/components/EmptyState";
import { Panel } from "@/components/Panel";
import { Moment, Money, Num } from "@/components/values";
import { type Translate, useT, useWord } from "@/i18n";
import { OrderLines } from "./OrderLines";
import { Refunds } from "./Refunds";

type Order = Schemas["OrderOut"];
const STATE_COLORS: Partial<Record<Schemas["OrderState"], string>> = {
  unpaid: "warning",
  completed: "success",
  signed: "success",
  closed: "default",
};

export function OrdersTab({ customerId }: { customerId: string }) {
  return (
    <Flex vertical gap={16}>
      <Orders customerId={customerId} />
      <Refunds customerId={customerId} />
    </Flex>
  );
}

function Orders({ customerId }: { customerId: string }) {
  const t = useT();
  const word = useWord();
  const state = useLocalListState();
  const query = { page: state.page, page_size: state.pageSize };
  const orders = useQuery({
    queryKey: ["customer", customerId, "orders", query],
    queryFn: ({ signal }) =>
      send(
        client.GET("/api/v1/customers/{customer_id}/orders", {
          params: { path: { customer_id: customerId }, query },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });
  return (
    <Panel title={t("orders.title")}>
      <DataTable
        columns={columnsOf(t, word)}
        rowKey={(order) => order.id}
        query={orders}
        state={state}
        expand={{
          label: (isOpen) => t(isOpen ? "orders.hide" : "orders.show"),
          render: (order) => <OrderLines orderId={order.id} />,
        }}
        empty={
          <EmptyState
            isCompact
            icon={<ShoppingOutlined />}
            title={t("orders.none")}
            text={t("orders.none_text")}
          />
        }
      />
    </Panel>
  );
}

function columnsOf(t: Translate, word: (group: string, code: string) => string): Column<Order>[] {
  return [
    {
      key: "number",
      title: t("orders.number"),
      isFixed: true,
      render: (order) => (
        <Flex gap={6} align="center" wrap>
          <strong>{order.number}</strong>
          {order.kind === "adjustment" && <Tag>{t("orders.adjustment")}</Tag>}
          {order.removed_at && <Tag color="error">{t("orders.removed")}</Tag>}
        </Flex>
      ),
    },
    { key: "ordered_at", title: t("orders.ordered_at"), render: (order) => <Moment at={order.ordered_at} /> },
    {
      key: "state",
      title: t("orders.state"),
      render: (order) => (
        <Tooltip title={order.raw_state && t("orders.raw_state", { state: order.raw_state })}>
          <Tag color={STATE_COLORS[order.state] ?? "processing"}>{word("order_state", order.state)}</Tag>
        </Tooltip>
      ),
    },
    {
      key: "lines",
      title: t("orders.lines"),
      align: "right",
      render: (order) => <Num value={order.line_count} />,
    },
    {
      key: "amount",
      title: t("orders.amount"),
      align: "right",
      render: (order) => <Money amount={order.total_amount} currency={order.currency} />,
    },
    {
      key: "refunded",
      title: t("orders.refunded"),
      align: "right",
      render: (order) =>
        Number(order.refunded_amount) === 0 ? (
          <span className="secondary">–</span>
        ) : (
          <Money amount={order.refunded_amount} currency={order.currency} />
        ),
    },
    { key: "store", title: t("orders.store"), render: (order) => order.store_code ?? order.channel ?? "–" },
    { key: "source", title: t("orders.source"), render: (order) => order.source },
  ];
}
