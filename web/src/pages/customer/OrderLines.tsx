import { useQuery } from "@tanstack/react-query";
import { Flex, Skeleton, Tag } from "antd";
import { client, type Schemas, send } from "@/api/client";
import { ErrorNotice } from "@/components/ErrorNotice";
import { Moment, Money, Num } from "@/components/values";
import { useT, useWord } from "@/i18n";

type Detail = Schemas["OrderDetailOut"];
type Line = Schemas["OrderLineOut"];

export function OrderLines({ orderId }: { orderId: string }) {
  const order = useQuery({
    queryKey: ["order", orderId],
    queryFn: () => send(client.GET("/api/v1/orders/{order_id}", { params: { path: { order_id: orderId } } })),
  });
  if (order.isPending) return <Skeleton active paragraph={{ rows: 2 }} title={false} />;
  if (order.isError) return <ErrorNotice error={order.error} onRetry={order.refetch} />;
  return (
    <Flex vertical gap={8}>
      {order.data.lines.map((line, index) => (
        // Identical lines are real and their order is fixed, so their place is the key.
        <LineRow key={index} line={line} currency={order.data.currency} />
      ))}
      <Extras order={order.data} />
    </Flex>
  );
}

function LineRow({ line, currency }: { line: Line; currency: string }) {
  const t = useT();
  const word = useWord();
  return (
    <div className="line-row">
      <div className="wrap-anywhere">
        {line.description ?? line.sku ?? "–"} {line.sku && <span className="mono secondary">{line.sku}</span>}{" "}
        {line.kind !== "product" && <Tag>{word("line_kind", line.kind)}</Tag>}
        {Number(line.refunded_quantity) !== 0 && (
          <Tag color="warning">{t("orders.line_refunded", { count: Number(line.refunded_quantity) })}</Tag>
        )}
      </div>
      <div className="num secondary">
        <Num value={line.quantity} digits={3} /> × <Money amount={line.unit_price} currency={currency} />
      </div>
      <div className="num" style={{ textAlign: "right" }}>
        <Money amount={line.amount} currency={currency} />
      </div>
    </div>
  );
}

function Extras({ order }: { order: Detail }) {
  const t = useT();
  const word = useWord();
  const amounts = [
    { label: t("orders.fees"), amount: order.fee_amount },
    { label: t("orders.adjustments"), amount: order.adjustment_amount },
    { label: t("orders.discount"), amount: order.discount },
    { label: t("orders.order_discount"), amount: order.order_discount },
  ].filter(({ amount }) => Number(amount) !== 0);
  return (
    <Flex gap={24} wrap className="secondary">
      {amounts.map(({ label, amount }) => (
        <span key={label}>
          {label}: <Money amount={amount} currency={order.currency} />
        </span>
      ))}
      {order.payments.map((payment) => (
        <span key={`${payment.method} ${payment.number}`}>
          {t("orders.payments")}: {payment.method} <Money amount={payment.amount} currency={order.currency} />{" "}
          {payment.paid_at && <Moment at={payment.paid_at} />}
        </span>
      ))}
      {order.shipments.map((shipment) => (
        <span key={shipment.number}>
          {t("orders.shipments")}: {shipment.carrier} {shipment.number} ·{" "}
          {word("shipment_state", shipment.state)}{" "}
          {shipment.tracks[0] && <Moment at={shipment.tracks.at(-1)?.happened_at} />}
        </span>
      ))}
    </Flex>
  );
}
