import { useMutation } from "@tanstack/react-query";
import { Button, Form, Input } from "antd";
import { client, send } from "@/api/client";
import type { Session } from "@/app/session";
import { useT } from "@/i18n";
import { ErrorNotice } from "./ErrorNotice";

type Values = { username: string; password: string };

export function LoginForm(props: { initialUsername?: string; onLoggedIn: (session: Session) => void }) {
  const t = useT();
  const [form] = Form.useForm<Values>();
  const logIn = useMutation({
    mutationFn: (body: Values) => send(client.POST("/api/v1/session", { body })),
    onSuccess: props.onLoggedIn,
    onError: () => {
      form.setFieldValue("password", "");
      form.getFieldInstance("password")?.focus();
    },
  });

  return (
    <Form
      form={form}
      layout="vertical"
      requiredMark={false}
      initialValues={{ username: props.initialUsername ?? "", password: "" }}
      onFinish={(values) => logIn.mutate(values)}
    >
      {logIn.isError && <ErrorNotice error={logIn.error} style={{ marginBottom: 16 }} />}
      <Form.Item
        name="username"
        label={t("login.username")}
        rules={[{ required: true, message: t("login.username_missing") }]}
      >
        <Input size="large" autoComplete="username" autoFocus={!props.initialUsername} spellCheck={false} />
      </Form.Item>
      <Form.Item
        name="password"
        label={t("login.password")}
        rules={[{ required: true, message: t("login.password_missing") }]}
      >
        <Input.Password size="large" autoComplete="current-password" autoFocus={!!props.initialUsername} />
      </Form.Item>
      <Button type="primary" size="large" htmlType="submit" block loading={logIn.isPending}>
        {t("login.submit")}
      </Button>
    </Form>
  );
}
