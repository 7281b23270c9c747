import { InboxOutlined } from "@ant-design/icons";
import { useQueryClient } from "@tanstack/react-query";
import { Button, Card, Flex, Progress, Radio, Typography, Upload } from "antd";
import { useEffect, useRef, useState } from "react";
import { AS_DETECTED, fileQuery, type ImportFile, type RecordKind, uploadFile } from "@/api/imports";
import { ErrorNotice } from "@/components/ErrorNotice";
import { hasText, useI18n } from "@/i18n";
import { useLabel } from "./labels";

type Props = {
  kinds: RecordKind[];
  kind: RecordKind;
  onKind: (name: string) => void;
  onUploaded: (file: ImportFile) => void;
};
type Uploading = { name: string; share: number };

export function UploadStep({ kinds, kind, onKind, onUploaded }: Props) {
  const { t } = useI18n();
  const label = useLabel();
  const queryClient = useQueryClient();
  const [uploading, setUploading] = useState<Uploading | null>(null);
  const [error, setError] = useState<unknown>(null);
  const stop = useRef<AbortController | null>(null);
  useEffect(() => () => stop.current?.abort(), []);

  async function upload(file: File) {
    stop.current = new AbortController();
    setError(null);
    setUploading({ name: file.name, share: 0 });
    try {
      const onProgress = (share: number) => setUploading({ name: file.name, share });
      const uploaded = await uploadFile(file, kind.name, onProgress, stop.current.signal);
      queryClient.setQueryData(fileQuery(uploaded.id, kind.name, AS_DETECTED).queryKey, uploaded);
      onUploaded(uploaded);
    } catch (failure) {
      if (!(failure instanceof DOMException)) setError(failure);
    } finally {
      setUploading(null);
    }
  }

  return (
    <Flex vertical gap={16} style={{ maxWidth: 820 }}>
      <Card title={t("wizard.what")}>
        <Radio.Group
          value={kind.name}
          onChange={(event) => onKind(event.target.value)}
          disabled={uploading !== null}
        >
          <Flex vertical gap={10}>
            {kinds.map((candidate) => {
              const key = `wizard.kind_${candidate.name}`;
              return (
                <Radio key={candidate.name} value={candidate.name}>
                  <strong>{label(candidate.label)}</strong>
                  {hasText(key) && <span className="secondary"> · {t(key)}</span>}
                </Radio>
              );
            })}
          </Flex>
        </Radio.Group>
      </Card>
      {error !== null && <ErrorNotice error={error} />}
      {uploading ? (
        <Card>
          <Typography.Text>
            {t(uploading.share < 1 ? "wizard.uploading" : "wizard.examining", { name: uploading.name })}
          </Typography.Text>
          <Flex gap={12} align="center">
            <Progress percent={Math.floor(uploading.share * 100)} status="active" />
            <Button onClick={() => stop.current?.abort()}>{t("action.cancel")}</Button>
          </Flex>
        </Card>
      ) : (
        <Upload.Dragger
          accept=".csv,.tsv,.txt,.xlsx,.xls,.xlsm,.xlsb,.ods,.parquet"
          showUploadList={false}
          beforeUpload={(file) => {
            upload(file);
            return false;
          }}
        >
          <p className="ant-upload-drag-icon">
            <InboxOutlined />
          </p>
          <p className="ant-upload-text">{t("wizard.drop")}</p>
          <p className="ant-upload-hint" style={{ paddingInline: 16 }}>
            {t("wizard.drop_hint")}
          </p>
        </Upload.Dragger>
      )}
    </Flex>
  );
}
