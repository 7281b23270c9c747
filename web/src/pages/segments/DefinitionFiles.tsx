import { DownloadOutlined, UploadOutlined } from "@ant-design/icons";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button, Modal, Tag, Upload } from "antd";
import { useState } from "react";
import { client, send } from "@/api/client";
import { type SegmentFile, type SegmentImport, saveFile } from "@/api/segments";
import { useMay } from "@/app/session";
import { ErrorNotice } from "@/components/ErrorNotice";
import { useFeedback } from "@/components/feedback";
import { useT } from "@/i18n";
import { readSegmentFile } from "./files";

const COLOURS = { new: "success", changed: "warning", same: "default", invalid: "error" } as const;

/** Definitions as files: chosen ones (or all) out, and in again after a look at what would change. */
export function DefinitionFiles({ chosen }: { chosen: string[] }) {
  const t = useT();
  const may = useMay();
  const feedback = useFeedback();
  const [file, setFile] = useState<SegmentFile | null>(null);
  const save = useMutation({
    mutationFn: async () => {
      const query = chosen.length > 0 ? { ids: chosen } : {};
      const content = await send(client.GET("/api/v1/segments/export", { params: { query } }));
      saveFile(new Blob([JSON.stringify(content, null, 2)], { type: "application/json" }), "segments.json");
    },
    onError: feedback.failed,
  });
  const open = async (text: Promise<string>) => {
    const read = readSegmentFile(await text);
    if (read) setFile(read);
    else feedback.modal.warning({ title: t("segments.import"), content: t("segments.import_unreadable") });
  };
  return (
    <>
      {may("segments.write") && (
        <Upload
          accept=".json,application/json"
          showUploadList={false}
          beforeUpload={(upload) => {
            open(upload.text());
            return false;
          }}
        >
          <Button icon={<UploadOutlined />}>{t("segments.import")}</Button>
        </Upload>
      )}
      <Button icon={<DownloadOutlined />} loading={save.isPending} onClick={() => save.mutate()}>
        {chosen.length > 0
          ? t("segments.export_chosen", { count: chosen.length })
          : t("segments.export_definitions")}
      </Button>
      {file && <ImportDialog file={file} onClose={() => setFile(null)} />}
    </>
  );
}

function ImportDialog({ file, onClose }: { file: SegmentFile; onClose: () => void }) {
  const t = useT();
  const feedback = useFeedback();
  const queryClient = useQueryClient();
  const take = (isApplied: boolean) =>
    send(client.POST("/api/v1/segments/import", { body: { file, is_applied: isApplied } }));
  const preview = useMutation({ mutationFn: () => take(false) });
  const apply = useMutation({
    mutationFn: () => take(true),
    onSuccess: () => {
      queryClient.invalidateQueries({ queryKey: ["segments"] });
      queryClient.invalidateQueries({ queryKey: ["segment"] });
      feedback.done(t("segments.imported"));
      onClose();
    },
  });
  const useful = preview.data?.items.filter(({ verdict }) => verdict === "new" || verdict === "changed");
  return (
    <Modal
      open
      width={720}
      title={t("segments.import_preview")}
      onCancel={onClose}
      afterOpenChange={(isOpen) => isOpen && preview.mutate()}
      okText={t("segments.import_apply", { count: useful?.length ?? 0 })}
      okButtonProps={{ disabled: !useful?.length, loading: apply.isPending }}
      onOk={() => apply.mutate()}
    >
      {preview.isError && <ErrorNotice error={preview.error} onRetry={preview.mutate} />}
      {apply.isError && <ErrorNotice error={apply.error} />}
      {preview.data && <ImportTable result={preview.data} />}
    </Modal>
  );
}

function ImportTable({ result }: { result: SegmentImport }) {
  const t = useT();
  return (
    <table className="plain-table">
      <tbody>
        {result.items.map((item) => (
          <tr key={item.key}>
            <td>
              {item.name}
              <div className="secondary mono">{item.key}</div>
            </td>
            <td>
              <Tag color={COLOURS[item.verdict]}>{t(`segment_import.${item.verdict}`)}</Tag>
            </td>
            <td>
              {item.changes.map((change) => (
                <Tag key={change}>{change}</Tag>
              ))}
              {item.problems.map((problem) => (
                <div key={`${problem.path} ${problem.code}`} style={{ color: "var(--removed)" }}>
                  {problem.message}
                </div>
              ))}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
