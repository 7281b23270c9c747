import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Descriptions, Form, Input, Modal } from "antd";
import { client, type Schemas, send } from "@/api/client";
import { ErrorNotice } from "@/components/ErrorNotice";
import { useFeedback } from "@/components/feedback";
import { evidenceText } from "@/components/identity/evidence";
import { useT } from "@/i18n";
import { SplitPreview } from "./SplitPreview";

type Props = { merge: Schemas["MergeOut"]; customerId: string; onClose: () => void };

export function SplitDialog({ merge, customerId, onClose }: Props) {
  const t = useT();
  const feedback = useFeedback();
  const queryClient = useQueryClient();
  const [form] = Form.useForm<{ reason: string }>();
  const split = useMutation({
    mutationFn: (body: { reason: string }) =>
      send(
        client.POST("/api/v1/merges/{merge_id}/split", { params: { path: { merge_id: merge.id } }, body }),
      ),
    onSuccess: () => {
      feedback.done(t("merges.split_ok"));
      queryClient.invalidateQueries({ queryKey: ["customer"] });
      queryClient.invalidateQueries({ queryKey: ["customers"] });
      onClose();
    },
  });
  return (
    <Modal
      open
      width={640}
      title={t("merges.split_title")}
      okText={t("merges.split")}
      confirmLoading={split.isPending}
      onOk={form.submit}
      onCancel={onClose}
    >
      <p className="secondary">{t("merges.split_text")}</p>
      <Descriptions
        size="small"
        column={1}
        items={[
          {
            key: "evidence",
            label: t("merges.evidence"),
            children: evidenceText(merge.evidence, t) || merge.reason,
          },
        ]}
      />
      <SplitPreview merge={merge} customerId={customerId} />
      <Form form={form} layout="vertical" requiredMark={false} onFinish={(values) => split.mutate(values)}>
        {split.isError && <ErrorNotice error={split.error} style={{ marginBottom: 16 }} />}
        <Form.Item
          name="reason"
          label={t("merges.reason")}
          rules={[{ required: true, whitespace: true, message: t("reviews.reason_missing") }]}
        >
          <Input.TextArea rows={2} maxLength={500} autoFocus />
        </Form.Item>
      </Form>
    </Modal>
  );
}
