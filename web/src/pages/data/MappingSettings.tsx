import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { AutoComplete, Button, Card, Flex, Form, Input, Select, Switch } from "antd";
import type { ImportFile, Mapping, RecordKind } from "@/api/imports";
import { useT } from "@/i18n";
import { useLabel } from "./labels";
import { SOURCE_PATTERN, setConstant, setOption } from "./mapping";

type Props = { kind: RecordKind; file: ImportFile; mapping: Mapping; onChange: (mapping: Mapping) => void };

const USUAL_ZONES = [
  "Asia/Shanghai",
  "Asia/Hong_Kong",
  "Asia/Tokyo",
  "Asia/Singapore",
  "UTC",
  "Europe/London",
  "America/New_York",
];
const allZones = () => [...new Set([...USUAL_ZONES, ...Intl.supportedValuesOf("timeZone")])];

export function MappingSettings(props: Props) {
  const { kind, file, mapping, onChange } = props;
  const t = useT();
  const isSourceFine = SOURCE_PATTERN.test(mapping.source);
  return (
    <Card title={t("wizard.settings")}>
      <Form layout="vertical" component="div" className="settings-grid" requiredMark={false}>
        <Form.Item
          label={t("wizard.source")}
          htmlFor="mapping-source"
          extra={t("wizard.source_hint")}
          validateStatus={isSourceFine ? undefined : "error"}
          help={isSourceFine ? undefined : t("wizard.source_rule")}
        >
          <Input
            id="mapping-source"
            value={mapping.source}
            spellCheck={false}
            maxLength={64}
            onChange={(event) => onChange({ ...mapping, source: event.target.value.trim() })}
          />
        </Form.Item>
        <Form.Item label={t("wizard.zone")} htmlFor="mapping-zone">
          <Select
            id="mapping-zone"
            showSearch
            value={mapping.zone}
            onChange={(zone) => onChange({ ...mapping, zone })}
            options={allZones().map((zone) => ({ value: zone, label: zone }))}
          />
        </Form.Item>
        {kind.name === "orders" && (
          <Form.Item label={t("wizard.whole")} htmlFor="mapping-whole" extra={t("wizard.whole_hint")}>
            <Switch
              id="mapping-whole"
              checked={mapping.is_whole}
              checkedChildren={t("value.yes")}
              unCheckedChildren={t("value.no")}
              onChange={(is_whole) => onChange({ ...mapping, is_whole })}
            />
          </Form.Item>
        )}
        {kind.name === "orders" && (
          <Form.Item label={t("wizard.part")} htmlFor="mapping-part" extra={t("wizard.part_hint")}>
            <Select
              id="mapping-part"
              allowClear
              placeholder={t("value.none")}
              value={mapping.part_column ?? undefined}
              onChange={(column?: string) => onChange({ ...mapping, part_column: column ?? null })}
              options={file.columns.map(({ name }) => ({ value: name, label: name }))}
            />
          </Form.Item>
        )}
        {kind.options.map((option) => (
          <OptionItem key={option.name} option={option} mapping={mapping} onChange={onChange} />
        ))}
      </Form>
      <Constants {...props} />
    </Card>
  );
}

type OptionProps = { option: RecordKind["options"][number]; mapping: Mapping; onChange: Props["onChange"] };

function OptionItem({ option, mapping, onChange }: OptionProps) {
  const t = useT();
  const label = useLabel();
  const id = `option-${option.name}`;
  const value = mapping.options?.[option.name] ?? option.default;
  const set = (text: string) => onChange(setOption(mapping, option.name, text));
  const hint = option.hint ? label(option.hint) : undefined;
  return (
    <Form.Item label={label(option.label)} htmlFor={id} extra={hint}>
      {option.type === "choice" ? (
        <Select
          id={id}
          value={value}
          onChange={set}
          options={option.choices.map((choice, index) => {
            const words = option.choice_labels[index];
            return { value: choice, label: words ? label(words) : choice };
          })}
        />
      ) : option.type === "boolean" ? (
        <Switch
          id={id}
          checked={value === "true"}
          checkedChildren={t("value.yes")}
          unCheckedChildren={t("value.no")}
          onChange={(isOn) => set(String(isOn))}
        />
      ) : (
        <Input id={id} value={value} spellCheck={false} onChange={(event) => set(event.target.value)} />
      )}
    </Form.Item>
  );
}

function Constants({ kind, mapping, onChange }: Props) {
  const t = useT();
  const label = useLabel();
  const constants = Object.entries(mapping.constants ?? {});
  const bound = new Set([
    ...mapping.bindings.map((binding) => binding.field),
    ...constants.map(([field]) => field),
  ]);
  const free = kind.fields.filter((field) => !bound.has(field.name));
  const specOf = (name: string) => kind.fields.find((field) => field.name === name);
  return (
    <div>
      <strong>{t("wizard.constants")}</strong>{" "}
      <span className="secondary">· {t("wizard.constants_text")}</span>
      <Flex vertical gap={8} style={{ marginTop: 10, maxWidth: 620 }}>
        {constants.map(([name, text]) => {
          const spec = specOf(name);
          return (
            <Flex key={name} gap={8} align="center">
              <span style={{ flex: "0 0 180px" }}>{spec ? label(spec.label) : name}</span>
              <AutoComplete
                aria-label={spec ? label(spec.label) : name}
                value={text}
                options={spec?.choices.map((choice) => ({ value: choice }))}
                onChange={(value: string) => onChange(setConstant(mapping, name, value))}
                style={{ flex: 1 }}
              />
              <Button
                type="text"
                icon={<DeleteOutlined />}
                aria-label={t("action.delete")}
                onClick={() => onChange(setConstant(mapping, name, null))}
              />
            </Flex>
          );
        })}
        <Select
          showSearch={{ optionFilterProp: "label" }}
          suffixIcon={<PlusOutlined />}
          aria-label={t("wizard.constant_add")}
          placeholder={t("wizard.constant_add")}
          value={null}
          onChange={(name: string | null) => name && onChange(setConstant(mapping, name, ""))}
          options={free.map((field) => ({ value: field.name, label: label(field.label) }))}
          style={{ width: 240 }}
        />
      </Flex>
    </div>
  );
}
