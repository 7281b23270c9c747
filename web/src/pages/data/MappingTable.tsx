import { Flex, Select, Table, Tag, Tooltip } from "antd";
import type { Binding, ImportFile, Mapping, RecordKind } from "@/api/imports";
import { Panel } from "@/components/Panel";
import { type MessageKey, useT } from "@/i18n";
import { BindingDetails } from "./BindingDetails";
import { useLabel } from "./labels";
import { bindColumn, type Confidence, changeBinding, confidenceOf } from "./mapping";

type Props = { kind: RecordKind; file: ImportFile; mapping: Mapping; onChange: (mapping: Mapping) => void };
type Column = ImportFile["columns"][number];

const LEVELS: Record<Confidence, { color: string; text: MessageKey }> = {
  sure: { color: "success", text: "wizard.sure" },
  likely: { color: "processing", text: "wizard.likely" },
  guess: { color: "warning", text: "wizard.guess" },
  chosen: { color: "default", text: "wizard.chosen" },
};
const REASONS: Record<string, MessageKey> = {
  heading: "wizard.reason_heading",
  similar_heading: "wizard.reason_similar_heading",
  values: "wizard.reason_values",
  saved: "wizard.reason_saved",
};

/** One line per column of the file: its first values, the field it fills, and how sure we are of that. */
export function MappingTable({ kind, file, mapping, onChange }: Props) {
  const t = useT();
  const bindingOf = (column: string) => mapping.bindings.find((binding) => binding.column === column);
  return (
    <Panel>
      <Table<Column>
        size="middle"
        rowKey="name"
        dataSource={file.columns}
        pagination={false}
        scroll={{ x: 720 }}
        columns={[
          {
            title: t("wizard.column"),
            width: 200,
            render: (_, column) => <strong className="wrap-anywhere">{column.name}</strong>,
          },
          {
            title: t("wizard.samples"),
            render: (_, column) => (
              <Flex gap={4} wrap style={{ maxWidth: 360 }}>
                {column.samples.slice(0, 4).map((sample) => (
                  <span key={sample} className="sample" title={sample}>
                    {sample}
                  </span>
                ))}
              </Flex>
            ),
          },
          {
            title: t("wizard.field"),
            width: 320,
            render: (_, column) => (
              <Flex vertical gap={6}>
                <FieldSelect
                  kind={kind}
                  mapping={mapping}
                  column={column.name}
                  onChange={(field) => onChange(bindColumn(mapping, column.name, field))}
                />
                <BindingDetails
                  kind={kind}
                  file={file}
                  binding={bindingOf(column.name)}
                  onChange={(change) => onChange(changeBinding(mapping, column.name, change))}
                />
              </Flex>
            ),
          },
          {
            title: t("wizard.confidence"),
            width: 130,
            render: (_, column) => <ConfidenceTag file={file} binding={bindingOf(column.name)} />,
          },
        ]}
      />
    </Panel>
  );
}

function ConfidenceTag({ file, binding }: { file: ImportFile; binding: Binding | undefined }) {
  const t = useT();
  if (!binding) return <span className="secondary">{t("wizard.ignore")}</span>;
  const { level, reason } = confidenceOf(file, binding);
  const why = reason ? REASONS[reason] : undefined;
  return (
    <Tooltip title={why && t(why)}>
      <Tag color={LEVELS[level].color}>{t(LEVELS[level].text)}</Tag>
    </Tooltip>
  );
}

type SelectProps = {
  kind: RecordKind;
  mapping: Mapping;
  column: string;
  onChange: (field: string | null) => void;
};

function FieldSelect({ kind, mapping, column, onChange }: SelectProps) {
  const t = useT();
  const label = useLabel();
  const takenBy = new Map(mapping.bindings.map((binding) => [binding.field, binding.column]));
  const groups = new Map<string, { value: string; label: string; hint: string; disabled: boolean }[]>();
  for (const field of kind.fields) {
    const group = field.group ? label(field.group) : label(kind.label);
    const owner = takenBy.get(field.name);
    groups.set(group, [
      ...(groups.get(group) ?? []),
      {
        value: field.name,
        label: field.required ? `${label(field.label)} *` : label(field.label),
        hint: `${field.name} ${field.label.zh} ${field.label.en}`.toLowerCase(),
        disabled: owner !== undefined && owner !== column,
      },
    ]);
  }
  const value = mapping.bindings.find((binding) => binding.column === column)?.field;
  return (
    <Select
      allowClear
      showSearch={{
        filterOption: (text, option) =>
          option !== undefined && "hint" in option && String(option.hint).includes(text.toLowerCase()),
      }}
      aria-label={`${column}: ${t("wizard.field")}`}
      placeholder={t("wizard.ignore")}
      value={value}
      onChange={(field: string | undefined) => onChange(field ?? null)}
      options={[...groups].map(([group, options]) => ({ label: group, options }))}
      style={{ width: "100%" }}
    />
  );
}
