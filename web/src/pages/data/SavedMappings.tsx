import { SaveOutlined } from "@ant-design/icons";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Form, Input, Modal, Select } from "antd";
import { useState } from "react";
import { client, send } from "@/api/client";
import type { ImportFile, Mapping, RecordKind } from "@/api/imports";
import { ErrorNotice } from "@/components/ErrorNotice";
import { useFeedback } from "@/components/feedback";
import { useT } from "@/i18n";

type Props = { kind: RecordKind; file: ImportFile; mapping: Mapping; onChoose: (mapping: Mapping) => void };

export function SavedMappings({ kind, file, mapping, onChoose }: Props) {
  const t = useT();
  const feedback = useFeedback();
  const queryClient = useQueryClient();
  const [isOpen, setIsOpen] = useState(false);
  const [form] = Form.useForm<{ name: string }>();
  const saved = useQuery({
    queryKey: ["mappings", kind.name],
    queryFn: () => send(client.GET("/api/v1/mappings", { params: { query: { kind: kind.name } } })),
  });
  const save = useMutation({
    mutationFn: ({ name }: { name: string }) =>
      send(client.POST("/api/v1/mappings", { body: { name: name.trim(), file_id: file.id, mapping } })),
    onSuccess: () => {
      feedback.done(t("wizard.saved_done"));
      queryClient.invalidateQueries({ queryKey: ["mappings"] });
      setIsOpen(false);
    },
  });
  return (
    <>
      {saved.data && saved.data.length > 0 && (
        <Select
          aria-label={t("wizard.saved_choose")}
          placeholder={t("wizard.saved_choose")}
          value={null}
          onChange={(id: string | null) => {
            const chosen = saved.data.find((candidate) => candidate.id === id);
            if (chosen) onChoose(chosen.mapping);
          }}
          options={saved.data.map(({ id, name }) => ({ value: id, label: name }))}
          style={{ minWidth: 180 }}
        />
      )}
      <Button icon={<SaveOutlined />} onClick={() => setIsOpen(true)}>
        {t("wizard.save")}
      </Button>
      <Modal
        open={isOpen}
        title={t("wizard.save")}
        okText={t("action.save")}
        confirmLoading={save.isPending}
        onOk={form.submit}
        onCancel={() => setIsOpen(false)}
        destroyOnHidden
      >
        <p className="secondary">{t("wizard.save_text")}</p>
        <Form
          form={form}
          layout="vertical"
          requiredMark={false}
          preserve={false}
          initialValues={{ name: file.proposal?.saved_name ?? file.name.replace(/\.[^.]+$/, "") }}
          onFinish={(values) => save.mutate(values)}
        >
          {save.isError && <ErrorNotice error={save.error} style={{ marginBottom: 16 }} />}
          <Form.Item name="name" label={t("wizard.save_name")} rules={[{ required: true, whitespace: true }]}>
            <Input maxLength={100} autoFocus />
          </Form.Item>
        </Form>
      </Modal>
    </>
  );
}
