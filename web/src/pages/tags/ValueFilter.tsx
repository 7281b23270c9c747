import { Select } from "antd";
import type { TagRule } from "@/api/tags";
import { useT } from "@/i18n";

type Props = {
  rules: readonly TagRule[];
  value: string | undefined;
  onChange: (value: string | undefined) => void;
};

/** Chooses one value of a computed tag, or all; nothing to choose where the tag has one rule only. */
export function ValueFilter({ rules, value, onChange }: Props) {
  const t = useT();
  if (rules.length < 2) return null;
  return (
    <Select<string>
      allowClear
      aria-label={t("tags.value")}
      placeholder={t("tags.any_value")}
      value={value ?? null}
      onChange={(chosen: string | undefined) => onChange(chosen)}
      options={rules.map((rule) => ({ value: rule.value, label: rule.label || rule.value }))}
      popupMatchSelectWidth={false}
      style={{ minWidth: 140 }}
    />
  );
}
