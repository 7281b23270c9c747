import { PlusOutlined } from "@ant-design/icons";
import { Button, Flex, Select, Table, Tag, Tooltip } from "antd";
import { useState } from "react";
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

/** One line per column of the file: its first values, the fields it fills, and how sure we are of that. */
export function MappingTable({ kind, file, mapping, onChange }: Props) {
  const t = useT();
  const [widened, setWidened] = useState<string | null>(null);
  const bindingsOf = (column: string) => mapping.bindings.filter((binding) => binding.column === column);
  function bind(column: string, before: string | null, field: string | null) {
    if (before === null) setWidened(null);
    onChange(bindColumn(mapping, column, before, field));
  }
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
                {bindingsOf(column.name).map((binding) => (
                  <Flex vertical gap={6} key={binding.field}>
                    <FieldSelect
                      kind={kind}
                      mapping={mapping}
                      column={column.name}
                      value={binding.field}
                      onChange={(field) => bind(column.name, binding.field, field)}
                    />
                    <BindingDetails
                      kind={kind}
                      file={file}
                      binding={binding}
                      onChange={(change) => onChange(changeBinding(mapping, binding, change))}
                    />
                  </Flex>
                ))}
                {bindingsOf(column.name).length === 0 || widened === column.name ? (
                  <FieldSelect
                    kind={kind}
                    mapping={mapping}
                    column={column.name}
                    value={null}
                    onChange={(field) => bind(column.name, null, field)}
                  />
                ) : (
                  <Button
                    type="text"
                    size="small"
                    icon={<PlusOutlined />}
                    aria-label={`${column.name}: ${t("wizard.also")}`}
                    className="secondary"
                    style={{ alignSelf: "start" }}
                    onClick={() => setWidened(column.name)}
                  >
                    {t("wizard.also")}
                  </Button>
                )}
              </Flex>
            ),
          },
          {
            title: t("wizard.confidence"),
            width: 130,
            render: (_, column) => <ConfidenceTags file={file} bindings={bindingsOf(column.name)} />,
          },
        ]}
      />
    </Panel>
  );
}

function ConfidenceTags({ file, bindings }: { file: ImportFile; bindings: Binding[] }) {
  const t = useT();
  if (bindings.length === 0) return <span className="secondary">{t("wizard.ignore")}</span>;
  return (
    <Flex vertical gap={6} align="start">
      {bindings.map((binding) => (
        <ConfidenceTag key={binding.field} file={file} binding={binding} />
      ))}
    </Flex>
  );
}

function ConfidenceTag({ file, binding }: { file: ImportFile; binding: Binding }) {
  const t = useT();
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
  value: string | null;
  onChange: (field: string | null) => void;
};

function FieldSelect({ kind, mapping, column, value, onChange }: SelectProps) {
  const t = useT();
  const label = useLabel();
  const taken = new Set(mapping.bindings.map((binding) => binding.field));
  const groups = new Map<string, { value: string; label: string; hint: string; disabled: boolean }[]>();
  for (const field of kind.fields) {
    const group = field.group ? label(field.group) : label(kind.label);
    groups.set(group, [
      ...(groups.get(group) ?? []),
      {
        value: field.name,
        label: field.required ? `${label(field.label)} *` : label(field.label),
        hint: `${field.name} ${field.label.zh} ${field.label.en}`.toLowerCase(),
        disabled: taken.has(field.name) && field.name !== value,
      },
    ]);
  }
  return (
    <Select
      allowClear
      showSearch={{
        filterOption: (text, option) =>
          option !== undefined && "hint" in option && String(option.hint).includes(text.toLowerCase()),
      }}
      aria-label={`${column}: ${t("wizard.field")}`}
      placeholder={t("wizard.ignore")}
      value={value ?? undefined}
      onChange={(field: string | undefined) => onChange(field ?? null)}
      options={[...groups].map(([group, options]) => ({ label: group, options }))}
      style={{ width: "100%" }}
    />
  );
}
