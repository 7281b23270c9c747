import { Button, Collapse, Form, InputNumber, Select } from "antd";
import { useState } from "react";
import type { ImportFile, Reading } from "@/api/imports";
import { useT } from "@/i18n";

type Props = { file: ImportFile; onReading: (reading: Reading) => void };

const ENCODINGS = ["utf-8", "gb18030", "utf-16", "big5"];
const DELIMITERS = [",", ";", "\t", "|"];

/** For when guessing how to read a file went wrong. */
export function ReadingCard({ file, onReading }: Props) {
  const t = useT();
  const told = file.proposal?.mapping.reading;
  const [reading, setReading] = useState<Reading>({
    encoding: told?.encoding ?? null,
    delimiter: told?.delimiter ?? null,
    header_row: told?.header_row ?? null,
    sheets: told?.sheets ?? [],
  });
  if (file.format === "parquet") return null;
  const isCsv = file.format === "csv";
  const delimiterName = (delimiter: string) => (delimiter === "\t" ? t("wizard.delimiter_tab") : delimiter);
  return (
    <Collapse
      items={[
        {
          key: "reading",
          label: t("wizard.reading"),
          children: (
            <Form layout="vertical" component="div" className="settings-grid" requiredMark={false}>
              {isCsv && (
                <Form.Item label={t("wizard.encoding")} htmlFor="reading-encoding">
                  <Select
                    id="reading-encoding"
                    allowClear
                    placeholder={t("wizard.detected", { value: file.encoding ?? "" })}
                    value={reading.encoding ?? undefined}
                    onChange={(encoding?: string) => setReading({ ...reading, encoding: encoding ?? null })}
                    options={ENCODINGS.map((value) => ({ value, label: value.toUpperCase() }))}
                  />
                </Form.Item>
              )}
              {isCsv && (
                <Form.Item label={t("wizard.delimiter")} htmlFor="reading-delimiter">
                  <Select
                    id="reading-delimiter"
                    allowClear
                    placeholder={t("wizard.detected", { value: delimiterName(file.delimiter ?? "") })}
                    value={reading.delimiter ?? undefined}
                    onChange={(delimiter?: string) =>
                      setReading({ ...reading, delimiter: delimiter ?? null })
                    }
                    options={DELIMITERS.map((value) => ({ value, label: delimiterName(value) }))}
                  />
                </Form.Item>
              )}
              {file.sheets.length > 1 && (
                <Form.Item label={t("wizard.sheets")} htmlFor="reading-sheets">
                  <Select
                    id="reading-sheets"
                    mode="multiple"
                    placeholder={t("wizard.detected", { value: file.read_sheets.join(", ") })}
                    value={reading.sheets}
                    onChange={(sheets: string[]) => setReading({ ...reading, sheets })}
                    options={file.sheets.map((value) => ({ value, label: value }))}
                  />
                </Form.Item>
              )}
              <Form.Item
                label={t("wizard.header_row")}
                htmlFor="reading-header"
                extra={t("wizard.header_none")}
              >
                <InputNumber
                  id="reading-header"
                  min={0}
                  max={1000}
                  precision={0}
                  placeholder={String(file.header_row)}
                  value={reading.header_row}
                  onChange={(header_row) => setReading({ ...reading, header_row })}
                />
              </Form.Item>
              <Form.Item label=" ">
                <Button onClick={() => onReading(reading)}>{t("wizard.reread")}</Button>
              </Form.Item>
            </Form>
          ),
        },
      ]}
    />
  );
}
