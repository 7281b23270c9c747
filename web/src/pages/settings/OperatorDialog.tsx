import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Form, Input, Modal, Radio, Segmented, Space } from "antd";
import { useEffect } from "react";
import { client, type Schemas, send } from "@/api/client";
import { ErrorNotice } from "@/components/ErrorNotice";
import { useFeedback } from "@/components/feedback";
import { type MessageKey, useT, useWord } from "@/i18n";

type Operator = Schemas["OperatorOut"];
type Values = Schemas["OperatorIn"];

type Props = {
  edited: Operator | "new" | null;
  onClose: () => void;
  onCreated: (name: string, oneTimePassword: string) => void;
};

const ROLES = ["viewer", "operator", "admin"] as const;
const ROLE_TEXTS: Record<(typeof ROLES)[number], MessageKey> = {
  viewer: "operators.role_viewer_text",
  operator: "operators.role_operator_text",
  admin: "operators.role_admin_text",
};

export function OperatorDialog({ edited, onClose, onCreated }: Props) {
  const t = useT();
  const word = useWord();
  const feedback = useFeedback();
  const queryClient = useQueryClient();
  const [form] = Form.useForm<Values>();
  const isNew = edited === "new";

  const save = useMutation({
    mutationFn: async (values: Values) => {
      if (edited === "new") {
        const created = await send(client.POST("/api/v1/operators", { body: values }));
        onCreated(created.operator.username, created.one_time_password);
      } else if (edited) {
        const { username: _, ...body } = values;
        await send(
          client.PATCH("/api/v1/operators/{operator_id}", {
            params: { path: { operator_id: edited.id } },
            body,
          }),
        );
        feedback.done(t("operators.saved"));
      }
    },
    onSuccess: () => {
      queryClient.invalidateQueries({ queryKey: ["operators"] });
      onClose();
    },
  });
  const { reset } = save;

  useEffect(() => {
    if (!edited) return;
    reset();
    form.setFieldsValue(
      edited === "new"
        ? { username: "", display_name: "", role: "operator", locale: "zh-CN" }
        : { ...edited, locale: edited.locale },
    );
  }, [edited, form, reset]);

  return (
    <Modal
      open={edited !== null}
      title={isNew ? t("operators.new") : edited?.username}
      okText={t("action.save")}
      onOk={form.submit}
      confirmLoading={save.isPending}
      onCancel={onClose}
      forceRender
    >
      <Form form={form} layout="vertical" requiredMark={false} onFinish={(values) => save.mutate(values)}>
        {save.isError && <ErrorNotice error={save.error} style={{ marginBottom: 16 }} />}
        <Form.Item
          name="username"
          label={t("operators.username")}
          extra={isNew && t("operators.username_rule")}
          rules={[{ required: true, min: 2, message: t("operators.username_rule") }]}
        >
          <Input disabled={!isNew} autoComplete="off" spellCheck={false} maxLength={64} />
        </Form.Item>
        <Form.Item name="display_name" label={t("operators.display_name")}>
          <Input autoComplete="off" maxLength={100} />
        </Form.Item>
        <Form.Item name="role" label={t("operators.role")}>
          <Radio.Group>
            <Space orientation="vertical">
              {ROLES.map((role) => (
                <Radio key={role} value={role}>
                  {word("role", role)} <span className="secondary">· {t(ROLE_TEXTS[role])}</span>
                </Radio>
              ))}
            </Space>
          </Radio.Group>
        </Form.Item>
        <Form.Item name="locale" label={t("operators.language")}>
          <Segmented
            options={[
              { value: "zh-CN", label: "简体中文" },
              { value: "en", label: "English" },
            ]}
          />
        </Form.Item>
      </Form>
    </Modal>
  );
}
