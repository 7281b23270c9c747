import { ExportOutlined } from "@ant-design/icons";
import { Alert, Flex, Tag } from "antd";
import type { Schemas } from "@/api/client";
import { useCustomerNames } from "@/api/names";
import { Moment } from "@/components/values";
import { useI18n, useWord } from "@/i18n";

type Preview = Schemas["MergePreviewOut"];
type Side = Schemas["PersonOut"];
type Kind = Schemas["IdentifierKind"];

/** Strongest first, as matching does it. */
const KINDS: Kind[] = [
  "unionid",
  "external_userid",
  "openid",
  "erp_code",
  "card",
  "phone",
  "email",
  "device",
];

function valuesOf(side: Side, kind: Kind): string[] {
  return [
    ...new Set(side.identifiers.filter((identifier) => identifier.kind === kind).map(({ value }) => value)),
  ];
}

type Row = { kind: Kind; kept: string[]; absorbed: string[]; isShared: boolean };

export function compareSides(preview: Preview): Row[] {
  return KINDS.map((kind) => {
    const kept = valuesOf(preview.kept, kind);
    const absorbed = valuesOf(preview.absorbed, kind);
    return { kind, kept, absorbed, isShared: kept.some((value) => absorbed.includes(value)) };
  }).filter((row) => row.kept.length > 0 || row.absorbed.length > 0);
}

/** Two customers side by side, one line per kind of identifier; what agrees and what contradicts is marked in words. */
export function MergeComparison({ preview }: { preview: Preview }) {
  const { t, locale } = useI18n();
  const word = useWord();
  const names = useCustomerNames([preview.kept.customer_id, preview.absorbed.customer_id]);
  const conflicts = preview.conflicting_kinds.map((kind) => word("identifier_kind", kind));
  return (
    <Flex vertical gap={12}>
      {conflicts.length > 0 && (
        <Alert
          type="warning"
          showIcon
          title={t("merges.conflict", { kinds: conflicts.join(locale === "zh-CN" ? "、" : ", ") })}
        />
      )}
      {preview.is_kept_apart && <Alert type="warning" showIcon title={t("merges.apart_before")} />}
      <table className="comparison">
        <thead>
          <tr>
            <td />
            <SideHead label={t("merges.side_kept")} side={preview.kept} names={names} />
            <SideHead label={t("merges.side_absorbed")} side={preview.absorbed} names={names} />
          </tr>
        </thead>
        <tbody>
          {compareSides(preview).map((row) => (
            <tr key={row.kind}>
              <th scope="row">
                {word("identifier_kind", row.kind)}{" "}
                {row.isShared && <Tag color="success">{t("merges.same")}</Tag>}
                {preview.conflicting_kinds.includes(row.kind) && (
                  <Tag color="warning">{t("merges.differs")}</Tag>
                )}
              </th>
              <td className="wrap-anywhere">{row.kept.join("\n") || "–"}</td>
              <td className="wrap-anywhere">{row.absorbed.join("\n") || "–"}</td>
            </tr>
          ))}
          <tr>
            <th scope="row">{t("identities.source")}</th>
            <td>{preview.kept.source}</td>
            <td>{preview.absorbed.source}</td>
          </tr>
          <tr>
            <th scope="row">{t("identities.first_seen")}</th>
            <td>
              <Moment at={preview.kept.created_at} />
            </td>
            <td>
              <Moment at={preview.absorbed.created_at} />
            </td>
          </tr>
        </tbody>
      </table>
    </Flex>
  );
}

type HeadProps = { label: string; side: Side; names: ReadonlyMap<string, string> };

function SideHead({ label, side, names }: HeadProps) {
  const { t } = useI18n();
  const name = names.get(side.customer_id);
  return (
    <th scope="col">
      <div className="secondary" style={{ fontWeight: 400 }}>
        {label}
      </div>
      <a
        href={`/customers/${side.customer_id}`}
        target="_blank"
        rel="noreferrer"
        aria-label={`${t("merges.open")} ${name ?? side.customer_id}`}
        title={side.customer_id}
      >
        {name ?? <span className="mono">{side.customer_id}</span>} <ExportOutlined aria-hidden />
      </a>
    </th>
  );
}
