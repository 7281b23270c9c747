import { Flex, Select } from "antd";
import type { Binding, ImportFile, RecordKind } from "@/api/imports";
import { useT } from "@/i18n";

const AUTO = "auto";
type DateOrder = NonNullable<Binding["date_order"]>;
type DecimalMark = NonNullable<Binding["decimal_mark"]>;

type Props = {
  kind: RecordKind;
  file: ImportFile;
  binding: Binding;
  onChange: (change: Partial<Binding>) => void;
};

/** What a binding may need besides the field: the order of dates, the decimal mark, the meaning of words. */
export function BindingDetails({ kind, file, binding, onChange }: Props) {
  const t = useT();
  const field = kind.fields.find((candidate) => candidate.name === binding.field);
  if (!field) return null;
  if (field.type === "date" || field.type === "datetime") {
    return (
      <Select<DateOrder | typeof AUTO>
        size="small"
        aria-label={`${binding.column}: ${t("wizard.date_order")}`}
        value={binding.date_order ?? AUTO}
        onChange={(value) => onChange({ date_order: value === AUTO ? null : value })}
        options={[
          { value: AUTO, label: `${t("wizard.date_order")}: ${t("wizard.date_auto")}` },
          { value: "ymd", label: t("wizard.date_ymd") },
          { value: "dmy", label: t("wizard.date_dmy") },
          { value: "mdy", label: t("wizard.date_mdy") },
        ]}
      />
    );
  }
  if (field.type === "decimal") {
    return (
      <Select<DecimalMark | typeof AUTO>
        size="small"
        aria-label={`${binding.column}: ${t("wizard.decimal_mark")}`}
        value={binding.decimal_mark ?? AUTO}
        onChange={(value) => onChange({ decimal_mark: value === AUTO ? null : value })}
        options={[
          { value: AUTO, label: `${t("wizard.decimal_mark")}: ${t("wizard.date_auto")}` },
          { value: "point", label: t("wizard.decimal_point") },
          { value: "comma", label: t("wizard.decimal_comma") },
          { value: "unclear", label: t("wizard.decimal_unclear") },
        ]}
      />
    );
  }
  const words = wordsOf(file, binding);
  if (field.choices.length === 0 || words.length === 0) return null;
  return (
    <div>
      <div className="secondary" style={{ fontSize: 13, marginBottom: 4 }}>
        {t("wizard.values_text")}
      </div>
      <Flex vertical gap={4}>
        {words.map((word) => (
          <Flex key={word} gap={8} align="center">
            <span className="sample" style={{ flex: "1 1 0" }}>
              {word}
            </span>
            <Select
              size="small"
              allowClear
              aria-label={word}
              value={binding.value_table?.[word]}
              onChange={(choice: string | undefined) => {
                const { [word]: _, ...table } = binding.value_table ?? {};
                onChange({ value_table: choice ? { ...table, [word]: choice } : table });
              }}
              options={field.choices.map((choice) => ({ value: choice, label: choice }))}
              style={{ flex: "1 1 0" }}
            />
          </Flex>
        ))}
      </Flex>
    </div>
  );
}

/** Words that need a meaning: unknown ones of the sample, and those that already have an entry. */
function wordsOf(file: ImportFile, binding: Binding): string[] {
  const unknown = file.proposal?.unknown_words[binding.field] ?? [];
  return [...new Set([...unknown, ...Object.keys(binding.value_table ?? {})])];
}
