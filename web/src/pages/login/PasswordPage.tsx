import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { Button, Card, Flex, Form, Input } from "antd";
import { client, send } from "@/api/client";
import { sessionQuery, useSession } from "@/app/session";
import { ErrorNotice } from "@/components/ErrorNotice";
import { useFeedback } from "@/components/feedback";
import { PageHead } from "@/components/PageHead";
import { useT } from "@/i18n";
import { EntryFrame } from "./EntryFrame";

const LENGTH_MIN = 10;
type Values = { current: string; fresh: string; repeated: string };

export function PasswordPage() {
  const t = useT();
  const session = useSession();
  const router = useRouter();
  const queryClient = useQueryClient();
  const feedback = useFeedback();
  const isFirst = session?.must_change_password ?? false;
  const change = useMutation({
    mutationFn: (values: Values) =>
      send(
        client.POST("/api/v1/session/password", {
          body: { current_password: values.current, new_password: values.fresh },
        }),
      ),
    onSuccess: async () => {
      await queryClient.fetchQuery({ ...sessionQuery, staleTime: 0 });
      feedback.done(t("password.changed"));
      router.history.push("/");
    },
  });

  return (
    <EntryFrame>
      <Card styles={{ body: { padding: 28 } }}>
        <PageHead
          title={t(isFirst ? "password.title" : "password.title_change")}
          text={t(isFirst ? "password.first_text" : "password.change_text")}
        />
        <Form layout="vertical" requiredMark={false} onFinish={(values: Values) => change.mutate(values)}>
          {change.isError && <ErrorNotice error={change.error} style={{ marginBottom: 16 }} />}
          {/* Tells password managers whose password this is. */}
          <input hidden readOnly autoComplete="username" value={session?.operator.username ?? ""} />
          <Form.Item
            name="current"
            label={t(isFirst ? "password.current_one_time" : "password.current")}
            rules={[{ required: true, message: t("login.password_missing") }]}
          >
            <Input.Password autoComplete="current-password" autoFocus />
          </Form.Item>
          <Form.Item
            name="fresh"
            label={t("password.new")}
            extra={t("password.rule")}
            rules={[
              { required: true, message: t("login.password_missing") },
              { min: LENGTH_MIN, message: t("password.too_short") },
            ]}
          >
            <Input.Password autoComplete="new-password" />
          </Form.Item>
          <Form.Item
            name="repeated"
            label={t("password.repeat")}
            dependencies={["fresh"]}
            rules={[
              { required: true, message: t("login.password_missing") },
              ({ getFieldValue }) => ({
                validator: (_, value) =>
                  !value || value === getFieldValue("fresh")
                    ? Promise.resolve()
                    : Promise.reject(new Error(t("password.mismatch"))),
              }),
            ]}
          >
            <Input.Password autoComplete="new-password" />
          </Form.Item>
          <Flex vertical gap={8}>
            <Button type="primary" htmlType="submit" block size="large" loading={change.isPending}>
              {t("password.submit")}
            </Button>
            {!isFirst && (
              <Button block onClick={() => router.history.back()}>
                {t("action.cancel")}
              </Button>
            )}
          </Flex>
        </Form>
      </Card>
    </EntryFrame>
  );
}
