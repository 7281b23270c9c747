import { Input, Select } from "antd";
import type { Tag } from "@/api/tags";
import { useT } from "@/i18n";

type Props = { tag: Tag; id?: string; value?: string; onChange?: (value: string | undefined) => void };

/** A value of a tag: one of those allowed, or any text. */
export function ValueInput({ tag, id, value, onChange }: Props) {
  const t = useT();
  if (tag.allowed_values.length === 0) {
    return (
      <Input
        id={id}
        aria-label={t("tags.value")}
        placeholder={t("tags.value")}
        maxLength={100}
        value={value}
        onChange={(event) => onChange?.(event.target.value)}
      />
    );
  }
  return (
    <Select
      id={id}
      allowClear
      aria-label={t("tags.value")}
      placeholder={t("tags.value")}
      value={value}
      onChange={onChange}
      options={tag.allowed_values.map((allowed) => ({
        value: allowed.value,
        label: allowed.label || allowed.value,
      }))}
      style={{ minWidth: 120 }}
    />
  );
}
