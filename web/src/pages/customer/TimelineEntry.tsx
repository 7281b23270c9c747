import {
  EditOutlined,
  ForkOutlined,
  MergeOutlined,
  RollbackOutlined,
  SafetyCertificateOutlined,
  ShoppingOutlined,
  ThunderboltOutlined,
} from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Button, Tag } from "antd";
import dayjs from "dayjs";
import { type ReactNode, useState } from "react";
import type { Schemas } from "@/api/client";
import { fieldsQuery } from "@/api/customers";
import { useActorName } from "@/components/Actor";
import { evidenceText } from "@/components/identity/evidence";
import { formatMoney, Money } from "@/components/values";
import { useI18n, useWord } from "@/i18n";
import { OrderLines } from "./OrderLines";

type Entry = Schemas["TimelineEntryOut"];
type Props = { entry: Entry; currency: string | null };

const ICONS: Record<Entry["kind"], ReactNode> = {
  order: <ShoppingOutlined />,
  refund: <RollbackOutlined />,
  interaction: <ThunderboltOutlined />,
  consent: <SafetyCertificateOutlined />,
  profile_change: <EditOutlined />,
  merge: <MergeOutlined />,
  split: <ForkOutlined />,
};

/** Facts of an entry come as loose values by kind; these read them without trusting their type. */
const textOf = (entry: Entry, name: string): string => {
  const value = entry.values[name];
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
};
const listOf = (entry: Entry, name: string): unknown[] => {
  const value = entry.values[name];
  return Array.isArray(value) ? value : [];
};

export function TimelineEntry({ entry, currency }: Props) {
  return (
    <div className="timeline-entry">
      <span className="timeline-icon" aria-hidden>
        {ICONS[entry.kind]}
      </span>
      <div className="wrap-anywhere">
        <Content entry={entry} currency={currency} />
      </div>
      <time className="num secondary" dateTime={entry.occurred_at}>
        {dayjs(entry.occurred_at).format("HH:mm")}
      </time>
    </div>
  );
}

function Content({ entry, currency }: Props) {
  switch (entry.kind) {
    case "order":
      return <OrderEntry entry={entry} currency={currency} />;
    case "refund":
      return <RefundEntry entry={entry} currency={currency} />;
    case "interaction":
      return <InteractionEntry entry={entry} />;
    case "consent":
      return <ConsentEntry entry={entry} />;
    case "profile_change":
      return <ChangeEntry entry={entry} />;
    default:
      return <MergeEntry entry={entry} />;
  }
}

function OrderEntry({ entry, currency }: Props) {
  const { t, locale } = useI18n();
  const word = useWord();
  const [isOpen, setIsOpen] = useState(false);
  const orderId = textOf(entry, "order_id");
  const money = textOf(entry, "currency") || currency;
  const refunded = textOf(entry, "refunded_amount");
  const title = textOf(entry, "order_kind") === "adjustment" ? "timeline.order_adjustment" : "timeline.order";
  return (
    <>
      <strong>{t(title, { number: textOf(entry, "number") })}</strong>{" "}
      <Money amount={textOf(entry, "total_amount")} currency={money} />{" "}
      <Tag>{word("order_state", textOf(entry, "state"))}</Tag>
      {Number(refunded) > 0 && (
        <Tag color="warning">{t("timeline.refunded", { amount: formatMoney(refunded, money, locale) })}</Tag>
      )}
      <div className="secondary">
        {[textOf(entry, "store_code"), textOf(entry, "channel"), entry.source].filter(Boolean).join(" · ")} ·{" "}
        <Button
          type="link"
          size="small"
          style={{ padding: 0 }}
          aria-expanded={isOpen}
          onClick={() => setIsOpen(!isOpen)}
        >
          {t("timeline.order_lines", { count: Number(textOf(entry, "lines")) })}
        </Button>
      </div>
      {isOpen && (
        <div style={{ marginTop: 8 }}>
          <OrderLines orderId={orderId} />
        </div>
      )}
    </>
  );
}

function RefundEntry({ entry, currency }: Props) {
  const { t } = useI18n();
  const numbers = listOf(entry, "orders").flatMap((order) =>
    typeof order === "object" && order !== null && "number" in order ? [String(order.number)] : [],
  );
  return (
    <>
      <strong>{t("timeline.refund", { number: textOf(entry, "number") })}</strong>{" "}
      <Money amount={textOf(entry, "total_amount")} currency={textOf(entry, "currency") || currency} />{" "}
      {numbers.length === 0 && <Tag color="warning">{t("timeline.refund_unmatched")}</Tag>}
      <div className="secondary">
        {numbers.length > 0 && `${t("timeline.refund_of", { numbers: numbers.join(", ") })} · `}
        {[textOf(entry, "store_code"), textOf(entry, "channel"), entry.source].filter(Boolean).join(" · ")}
      </div>
    </>
  );
}

function InteractionEntry({ entry }: { entry: Entry }) {
  const word = useWord();
  const properties = entry.values.properties;
  const facts = typeof properties === "object" && properties !== null ? Object.entries(properties) : [];
  return (
    <>
      <strong>{word("interaction", textOf(entry, "interaction_kind"))}</strong>{" "}
      {textOf(entry, "sku") && <span className="mono">{textOf(entry, "sku")}</span>}
      <div className="secondary">
        {[
          textOf(entry, "channel"),
          entry.source,
          ...facts.map(([name, value]) => `${name}: ${String(value)}`),
        ]
          .filter(Boolean)
          .join(" · ")}
      </div>
    </>
  );
}

function ConsentEntry({ entry }: { entry: Entry }) {
  const { t } = useI18n();
  const word = useWord();
  return (
    <>
      <strong>
        {t("timeline.consent", {
          channel: word("consent_channel", textOf(entry, "channel")),
          purpose: word("consent_purpose", textOf(entry, "purpose")),
          state: word("consent_state", textOf(entry, "state")),
        })}
      </strong>
      <Byline entry={entry} />
    </>
  );
}

function ChangeEntry({ entry }: { entry: Entry }) {
  const { t, locale } = useI18n();
  const fields = useQuery(fieldsQuery);
  const nameOf = (name: string) => {
    const field = fields.data?.items.find((candidate) => candidate.name === name);
    return field ? (locale === "zh-CN" ? field.label_zh : field.label_en) : name;
  };
  const names = listOf(entry, "fields").map((name) => nameOf(String(name)));
  return (
    <>
      <strong>
        {t("timeline.profile_change", { fields: names.join(locale === "zh-CN" ? "、" : ", ") })}
      </strong>
      <Byline entry={entry} />
    </>
  );
}

function MergeEntry({ entry }: { entry: Entry }) {
  const { t } = useI18n();
  return (
    <>
      <strong>{t(entry.kind === "split" ? "timeline.split" : "timeline.merge")}</strong>
      <div className="secondary">{evidenceText(textOf(entry, "evidence"), t) || textOf(entry, "reason")}</div>
      <Byline entry={entry} />
    </>
  );
}

function Byline({ entry }: { entry: Entry }) {
  const word = useWord();
  const nameOf = useActorName();
  const actor = textOf(entry, "actor");
  const source = entry.kind === "merge" || entry.kind === "split" ? "" : word("source", entry.source);
  return <div className="secondary">{[source, actor && nameOf(actor)].filter(Boolean).join(" · ")}</div>;
}
