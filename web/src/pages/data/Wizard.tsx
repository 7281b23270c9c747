import { FileTextOutlined } from "@ant-design/icons";
import { Alert, Button, Card, Flex, Spin } from "antd";
import { useState } from "react";
import type { ImportFile, Mapping, Reading, RecordKind } from "@/api/imports";
import { formatBytes } from "@/components/values";
import { useI18n } from "@/i18n";
import { useLabel } from "./labels";
import { MappingSettings } from "./MappingSettings";
import { MappingTable } from "./MappingTable";
import { fitMapping, problemsOf, SOURCE_PATTERN } from "./mapping";
import { PreviewStep } from "./PreviewStep";
import { ReadingCard } from "./ReadingCard";
import { SavedMappings } from "./SavedMappings";

type Props = {
  kind: RecordKind;
  file: ImportFile;
  isReading: boolean;
  step: "mapping" | "preview";
  onStep: (step: "mapping" | "preview") => void;
  onReading: (reading: Reading) => void;
  onOtherFile: () => void;
};

const emptyMapping = (kind: RecordKind): Mapping => ({
  kind: kind.name,
  bindings: [],
  constants: {},
  part_column: null,
  zone: "Asia/Shanghai",
  source: "file",
  is_whole: false,
  options: {},
});

export function Wizard(props: Props) {
  const { kind, file, step, onStep } = props;
  const { t, locale } = useI18n();
  const label = useLabel();
  const [mapping, setMapping] = useState<Mapping>(file.proposal?.mapping ?? emptyMapping(kind));
  const problems = problemsOf(mapping, kind);
  const nameOf = (name: string) => {
    const field = kind.fields.find((candidate) => candidate.name === name);
    return field ? label(field.label) : name;
  };
  const isUsable =
    problems.missing.length + problems.twice.length === 0 && SOURCE_PATTERN.test(mapping.source);

  if (step === "preview" && isUsable) {
    return <PreviewStep kind={kind} file={file} mapping={mapping} onBack={() => onStep("mapping")} />;
  }
  return (
    <Spin spinning={props.isReading}>
      <Flex vertical gap={16}>
        <Card size="small">
          <Flex justify="space-between" align="center" gap={12} wrap>
            <Flex gap={12} align="center" wrap>
              <FileTextOutlined style={{ fontSize: 20, color: "var(--accent)" }} aria-hidden />
              <strong className="wrap-anywhere">{file.name}</strong>
              <span className="secondary">
                {[
                  label(kind.label),
                  formatBytes(file.size_bytes, locale),
                  file.rows !== null ? t("wizard.rows", { count: file.rows }) : null,
                  t("wizard.columns", { count: file.columns.length }),
                ]
                  .filter(Boolean)
                  .join(" · ")}
              </span>
            </Flex>
            <Flex gap={8} wrap>
              <SavedMappings
                kind={kind}
                file={file}
                mapping={mapping}
                onChoose={(saved) => setMapping({ ...fitMapping(saved, file), reading: mapping.reading })}
              />
              <Button onClick={props.onOtherFile}>{t("wizard.other_file")}</Button>
            </Flex>
          </Flex>
        </Card>
        {file.proposal?.saved_name && (
          <Alert type="success" showIcon title={t("wizard.saved_used", { name: file.proposal.saved_name })} />
        )}
        {file.notes.map((note) => (
          <Alert key={note.message} type="info" showIcon title={note.message} />
        ))}
        {problems.missing.length > 0 && (
          <Alert
            type="warning"
            showIcon
            title={t("wizard.missing", {
              fields: problems.missing.map(nameOf).join(locale === "zh-CN" ? "、" : ", "),
            })}
            description={t("wizard.missing_hint")}
          />
        )}
        {problems.twice.map((field) => (
          <Alert key={field} type="error" showIcon title={t("wizard.twice", { field: nameOf(field) })} />
        ))}
        <MappingTable kind={kind} file={file} mapping={mapping} onChange={setMapping} />
        <MappingSettings kind={kind} file={file} mapping={mapping} onChange={setMapping} />
        <ReadingCard file={file} onReading={props.onReading} />
        <Flex justify="end">
          <Button type="primary" size="large" disabled={!isUsable} onClick={() => onStep("preview")}>
            {t("wizard.to_preview")}
          </Button>
        </Flex>
      </Flex>
    </Spin>
  );
}
