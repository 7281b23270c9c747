import { Button, DatePicker, Flex, Input, InputNumber, Select } from "antd";
import dayjs from "dayjs";
import { useState } from "react";
import type { CustomerField } from "@/api/customers";
import { ErrorNotice } from "@/components/ErrorNotice";
import { useI18n } from "@/i18n";

export type FieldValue = string | number | boolean | string[] | null;
type Props = {
  field: CustomerField;
  value: FieldValue;
  isSaving: boolean;
  error: unknown;
  onSave: (value: FieldValue) => void;
  onCancel: () => void;
};

export function FieldEditor({ field, value, isSaving, error, onSave, onCancel }: Props) {
  const { t } = useI18n();
  const [draft, setDraft] = useState<FieldValue>(value);
  const isEmpty = draft === "" || (Array.isArray(draft) && draft.length === 0);
  const save = () => onSave(isEmpty ? null : draft);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
      onKeyDown={(event) => {
        if (event.key === "Escape") onCancel();
      }}
    >
      <Flex vertical gap={8} style={{ maxWidth: 420 }}>
        {Boolean(error) && <ErrorNotice error={error} />}
        <FieldInput field={field} value={draft} onChange={setDraft} />
        <Flex gap={8}>
          <Button type="primary" size="small" htmlType="submit" loading={isSaving}>
            {t("action.save")}
          </Button>
          <Button size="small" onClick={onCancel}>
            {t("action.cancel")}
          </Button>
        </Flex>
      </Flex>
    </form>
  );
}

type InputProps = { field: CustomerField; value: FieldValue; onChange: (value: FieldValue) => void };

/** The right input for a field's type. Decimals stay text, so that no digit is lost. */
export function FieldInput({ field, value, onChange }: InputProps) {
  const { t, locale } = useI18n();
  const label = locale === "zh-CN" ? field.label_zh : field.label_en;
  const text = value === null ? "" : String(value);
  const options = field.options
    .filter((option) => !option.is_archived || option.value === value)
    .map((option) => ({
      value: option.value,
      label: locale === "zh-CN" ? option.label_zh : option.label_en,
    }));
  switch (field.type) {
    case "long_text":
      return (
        <Input.TextArea
          aria-label={label}
          autoFocus
          rows={3}
          maxLength={4000}
          value={text}
          onChange={(event) => onChange(event.target.value)}
        />
      );
    case "number":
    case "decimal":
      return (
        <InputNumber<string>
          aria-label={label}
          autoFocus
          stringMode
          precision={field.type === "number" ? 0 : undefined}
          value={text === "" ? null : text}
          onChange={(next) => onChange(next === null ? null : field.type === "number" ? Number(next) : next)}
          style={{ width: "100%" }}
        />
      );
    case "date":
    case "datetime":
      return (
        <DatePicker
          aria-label={label}
          autoFocus
          showTime={field.type === "datetime"}
          value={text ? dayjs(text) : null}
          onChange={(next) =>
            onChange(
              next === null ? null : field.type === "date" ? next.format("YYYY-MM-DD") : next.toISOString(),
            )
          }
        />
      );
    case "boolean":
      return (
        <Select
          aria-label={label}
          autoFocus
          allowClear
          value={text === "" ? null : text === "true"}
          onChange={(next: boolean | null | undefined) => onChange(next ?? null)}
          options={[
            { value: true, label: t("value.yes") },
            { value: false, label: t("value.no") },
          ]}
        />
      );
    case "choice":
      return (
        <Select
          aria-label={label}
          autoFocus
          allowClear
          value={text || null}
          onChange={(next: string | null | undefined) => onChange(next ?? null)}
          options={options}
        />
      );
    case "multi_choice":
      return (
        <Select
          aria-label={label}
          autoFocus
          mode="multiple"
          value={Array.isArray(value) ? value : []}
          onChange={(next: string[]) => onChange(next)}
          options={options}
        />
      );
    default:
      return (
        <Input
          aria-label={label}
          autoFocus
          maxLength={200}
          value={text}
          onChange={(event) => onChange(event.target.value)}
        />
      );
  }
}
