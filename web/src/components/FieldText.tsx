import type { CustomerField } from "@/api/customers";
import { useI18n } from "@/i18n";
import { formatNumber, Moment, NOTHING } from "./values";

type Value = string | number | boolean | string[] | null;

/** A field's value in words: options by their label, numbers grouped, moments in local time. */
export function FieldText({ field, value }: { field: CustomerField; value: Value }) {
  const { t, locale } = useI18n();
  if (value === null || value === "" || (Array.isArray(value) && value.length === 0)) {
    return <span className="secondary">{NOTHING}</span>;
  }
  const labelOf = (code: string) => {
    const option = field.options.find((candidate) => candidate.value === code);
    return option ? (locale === "zh-CN" ? option.label_zh : option.label_en) : code;
  };
  switch (field.type) {
    case "boolean":
      return <>{t(value === true || value === "true" ? "value.yes" : "value.no")}</>;
    case "choice":
      return <>{labelOf(String(value))}</>;
    case "multi_choice":
      return (
        <>
          {(Array.isArray(value) ? value : [String(value)])
            .map(labelOf)
            .join(locale === "zh-CN" ? "、" : ", ")}
        </>
      );
    case "datetime":
      return <Moment at={String(value)} />;
    case "number":
    case "decimal":
      return <span className="num">{formatNumber(String(value), locale, 6)}</span>;
    default:
      return <span style={{ whiteSpace: "pre-line" }}>{String(value)}</span>;
  }
}
