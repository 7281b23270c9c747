import { useMutation, useQuery } from "@tanstack/react-query";
import { Checkbox, Form, Input, Modal, Radio, Select } from "antd";
import { useId, useState } from "react";
import type { Schemas } from "@/api/client";
import { exportColumnsQuery } from "@/api/segments";
import { ErrorNotice } from "@/components/ErrorNotice";
import { useFeedback } from "@/components/feedback";
import { useI18n } from "@/i18n";

type Body = Schemas["SegmentExportIn"];
type Props = { save: (body: Body) => Promise<void>; onClose: () => void };

const REASON_MIN = 5;
const REASON_MAX = 500;

/** People as a file: why, which columns, which format. The reason is kept with who exported and when. */
export function ExportDialog({ save, onClose }: Props) {
  const { t, locale } = useI18n();
  const id = useId();
  const feedback = useFeedback();
  const columns = useQuery(exportColumnsQuery(locale));
  const [reason, setReason] = useState("");
  const [chosen, setChosen] = useState<string[]>([]);
  const [isAll, setIsAll] = useState(true);
  const [format, setFormat] = useState<Body["format"]>("xlsx");
  const exported = useMutation({
    mutationFn: () => save({ reason: reason.trim(), columns: isAll ? [] : chosen, format }),
    onSuccess: () => {
      feedback.done(t("segments.exported"));
      onClose();
    },
  });
  const isReady = reason.trim().length >= REASON_MIN && (isAll || chosen.length > 0);
  return (
    <Modal
      open
      title={t("segments.export")}
      okText={t("action.export")}
      okButtonProps={{ disabled: !isReady, loading: exported.isPending }}
      onOk={() => exported.mutate()}
      onCancel={onClose}
    >
      {exported.isError && <ErrorNotice error={exported.error} style={{ marginBottom: 12 }} />}
      <Form layout="vertical" component="div">
        <Form.Item label={t("segments.export_reason")} htmlFor={`${id}reason`} required>
          <Input.TextArea
            id={`${id}reason`}
            autoFocus
            rows={2}
            maxLength={REASON_MAX}
            placeholder={t("segments.export_reason_hint")}
            value={reason}
            onChange={(event) => setReason(event.target.value)}
          />
        </Form.Item>
        <Form.Item label={t("list.columns")} htmlFor={`${id}columns`}>
          <Checkbox checked={isAll} onChange={(event) => setIsAll(event.target.checked)}>
            {t("segments.export_all_columns")}
          </Checkbox>
          {!isAll && (
            <Select<string[]>
              id={`${id}columns`}
              mode="multiple"
              value={chosen}
              onChange={setChosen}
              loading={columns.isFetching}
              showSearch={{ optionFilterProp: "label" }}
              options={columns.data?.map(({ name, label }) => ({ value: name, label }))}
              style={{ width: "100%", marginTop: 8 }}
            />
          )}
        </Form.Item>
        <Radio.Group
          aria-label={t("segments.export_format")}
          value={format}
          onChange={(event) => setFormat(event.target.value)}
          options={[
            { value: "xlsx", label: "Excel" },
            { value: "csv", label: "CSV" },
          ]}
        />
      </Form>
    </Modal>
  );
}
