import { Link } from "@tanstack/react-router";
import { Flex, Tag, Tooltip } from "antd";
import type { CustomerField, CustomerRow } from "@/api/customers";
import type { Column } from "@/components/DataTable";
import { FieldText } from "@/components/FieldText";
import { formatPhone, formatShare, Moment, Money, Num } from "@/components/values";
import type { I18n } from "@/i18n";

type Word = (group: string, code: string) => string;

/** All columns of the list; custom fields that are not personal follow the built-in ones and are chosen by hand. */
export function customerColumns(
  { t, locale }: I18n,
  word: Word,
  fields: CustomerField[],
): Column<CustomerRow>[] {
  const text = (value: string | null) => value ?? "–";
  const columns: Column<CustomerRow>[] = [
    {
      key: "name",
      title: t("customers.name"),
      isFixed: true,
      sort: { asc: "name", desc: "-name" },
      render: (row) => <NameCell row={row} unnamed={t("customers.unnamed")} />,
    },
    {
      key: "phone",
      title: t("customers.phone"),
      render: (row) => <span className="num">{row.phone ? formatPhone(row.phone) : "–"}</span>,
    },
    { key: "city", title: t("customers.city"), render: (row) => text(row.city) },
    {
      key: "orders",
      title: t("customers.orders"),
      align: "right",
      sort: { asc: "orders", desc: "-orders" },
      render: (row) => <Num value={row.orders} />,
    },
    {
      key: "net_spend",
      title: t("customers.net_spend"),
      align: "right",
      sort: { asc: "net_spend", desc: "-net_spend" },
      render: (row) => <Money amount={row.net_spend} currency={row.currency} />,
    },
    {
      key: "return_rate",
      title: t("customers.return_rate"),
      align: "right",
      render: (row) => <span className="num">{formatShare(row.return_rate, locale)}</span>,
    },
    {
      key: "last_ordered_at",
      title: t("customers.last_ordered"),
      sort: { asc: "last_ordered_at", desc: "-last_ordered_at" },
      render: (row) => <Moment at={row.last_ordered_at} withTime={false} />,
    },
    {
      key: "identifiers",
      title: t("customers.identifiers"),
      render: (row) => (
        <Flex gap={4} wrap>
          {row.identifier_kinds.map((kind) => (
            <Tag key={kind}>{word("identifier_kind", kind)}</Tag>
          ))}
        </Flex>
      ),
    },
    {
      key: "sources",
      title: t("customers.sources"),
      render: (row) => row.sources.map((source) => word("source", source)).join(", "),
    },
    {
      key: "refund_amount",
      title: t("customers.refund_amount"),
      align: "right",
      isOptional: true,
      sort: { asc: "refund_amount", desc: "-refund_amount" },
      render: (row) => <Money amount={row.refund_amount} currency={row.currency} />,
    },
    {
      key: "first_ordered_at",
      title: t("customers.first_ordered"),
      isOptional: true,
      sort: { asc: "first_ordered_at", desc: "-first_ordered_at" },
      render: (row) => <Moment at={row.first_ordered_at} withTime={false} />,
    },
    {
      key: "gender",
      title: t("customers.gender"),
      isOptional: true,
      render: (row) => (row.gender ? word("gender", row.gender) : "–"),
    },
    {
      key: "birthday",
      title: t("customers.birthday"),
      isOptional: true,
      render: (row) => text(row.birthday),
    },
    { key: "country", title: t("customers.country"), isOptional: true, render: (row) => text(row.country) },
    {
      key: "province",
      title: t("customers.province"),
      isOptional: true,
      render: (row) => text(row.province),
    },
    {
      key: "registered_at",
      title: t("customers.registered"),
      isOptional: true,
      render: (row) => <Moment at={row.registered_at} withTime={false} />,
    },
    {
      key: "created_at",
      title: t("customers.created_at"),
      isOptional: true,
      sort: { asc: "created_at", desc: "-created_at" },
      render: (row) => <Moment at={row.created_at} withTime={false} />,
    },
    {
      key: "records",
      title: t("customers.records"),
      align: "right",
      isOptional: true,
      render: (row) => <Num value={row.record_count} />,
    },
  ];
  for (const field of fields) {
    if (!field.is_custom || field.protection !== "open") continue;
    columns.push({
      key: field.name,
      title: locale === "zh-CN" ? field.label_zh : field.label_en,
      isOptional: true,
      render: (row) => (
        <FieldText field={field} value={row.custom[field.name.replace(/^custom\./, "")] ?? null} />
      ),
    });
  }
  return columns;
}

function NameCell({ row, unnamed }: { row: CustomerRow; unnamed: string }) {
  const name = row.name ?? row.nickname;
  return (
    <Link to="/customers/$customerId" params={{ customerId: row.id }} style={{ display: "inline-block" }}>
      {name ?? (
        <Tooltip title={unnamed}>
          <span className="mono">{row.id}</span>
        </Tooltip>
      )}
    </Link>
  );
}
