import { ApiOutlined } from "@ant-design/icons";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button, Dropdown, Flex, Form, Input, InputNumber, Modal, Table, Tag, Typography } from "antd";
import dayjs from "dayjs";
import { useState } from "react";
import { client, type Schemas, send } from "@/api/client";
import { EmptyState } from "@/components/EmptyState";
import { ErrorNotice } from "@/components/ErrorNotice";
import { useFeedback } from "@/components/feedback";
import { Panel } from "@/components/Panel";
import { Num } from "@/components/values";
import { useT, useWord } from "@/i18n";

type Consumer = Schemas["ConsumerOut"];
const COLORS = { running: "success", retrying: "error", paused: "warning" } as const;

/** The event that a failing consumer names in its error ("position 12: …"), to spare people the copying. */
export function failingPosition(consumer: Consumer): number {
  const named = /^positions? (\d+)/.exec(consumer.last_error ?? "")?.[1];
  return named ? Number(named) : consumer.position + 1;
}

export function ConsumersTable({ consumers }: { consumers: Consumer[] }) {
  const t = useT();
  const word = useWord();
  const feedback = useFeedback();
  const queryClient = useQueryClient();
  const [skipped, setSkipped] = useState<Consumer | null>(null);
  const refresh = () => queryClient.invalidateQueries({ queryKey: ["health"] });
  const done = { onSuccess: () => refresh(), onError: feedback.failed };
  const retry = useMutation({
    mutationFn: (name: string) =>
      send(client.POST("/api/v1/system/consumers/{name}/retry", { params: { path: { name } } })),
    ...done,
  });
  const pause = useMutation({
    mutationFn: (consumer: Consumer) =>
      send(
        client.POST("/api/v1/system/consumers/{name}/pause", {
          params: { path: { name: consumer.name } },
          body: { is_paused: consumer.state !== "paused" },
        }),
      ),
    ...done,
  });

  return (
    <Panel title={t("health.consumers")}>
      {consumers.length === 0 ? (
        <EmptyState
          isCompact
          icon={<ApiOutlined />}
          title={t("health.no_consumers")}
          text={t("health.no_consumers_text")}
        />
      ) : (
        <Table<Consumer>
          size="middle"
          rowKey="name"
          dataSource={consumers}
          pagination={false}
          scroll={{ x: "max-content" }}
          footer={() => <span className="secondary">{t("health.consumers_text")}</span>}
          columns={[
            { title: t("health.consumer"), render: (_, consumer) => <strong>{consumer.name}</strong> },
            {
              title: t("health.state"),
              render: (_, consumer) => (
                <Tag color={COLORS[consumer.state]}>{word("consumer_state", consumer.state)}</Tag>
              ),
            },
            {
              title: t("health.position"),
              align: "right",
              render: (_, consumer) => <Num value={consumer.position} />,
            },
            { title: t("health.lag"), align: "right", render: (_, consumer) => <Num value={consumer.lag} /> },
            { title: t("health.last_error"), render: (_, consumer) => <LastError consumer={consumer} /> },
            {
              key: "actions",
              align: "right",
              render: (_, consumer) => (
                <Flex gap={4} justify="end">
                  {consumer.state === "retrying" && (
                    <Button size="small" onClick={() => retry.mutate(consumer.name)}>
                      {t("health.retry")}
                    </Button>
                  )}
                  <Dropdown
                    trigger={["click"]}
                    menu={{
                      items: [
                        {
                          key: "pause",
                          label: t(consumer.state === "paused" ? "health.resume" : "health.pause"),
                          onClick: () => pause.mutate(consumer),
                        },
                        {
                          key: "skip",
                          danger: true,
                          label: t("health.skip"),
                          onClick: () => setSkipped(consumer),
                        },
                      ],
                    }}
                  >
                    <Button type="text" size="small">
                      {t("action.more")}
                    </Button>
                  </Dropdown>
                </Flex>
              ),
            },
          ]}
        />
      )}
      {skipped && <SkipDialog consumer={skipped} onClose={() => setSkipped(null)} onDone={refresh} />}
    </Panel>
  );
}

function LastError({ consumer }: { consumer: Consumer }) {
  const t = useT();
  if (!consumer.last_error) return <span className="secondary">–</span>;
  const next = consumer.next_attempt_at
    ? dayjs(consumer.next_attempt_at).format("HH:mm:ss")
    : t("health.at_once");
  return (
    <div style={{ maxWidth: 420 }}>
      <Typography.Paragraph
        className="mono wrap-anywhere"
        style={{ margin: 0 }}
        ellipsis={{ rows: 2, expandable: true }}
      >
        {consumer.last_error}
      </Typography.Paragraph>
      <span className="secondary">{t("health.attempts", { count: consumer.attempts, time: next })}</span>
    </div>
  );
}

type SkipProps = { consumer: Consumer; onClose: () => void; onDone: () => void };

function SkipDialog({ consumer, onClose, onDone }: SkipProps) {
  const t = useT();
  const feedback = useFeedback();
  const [form] = Form.useForm<Schemas["SkipIn"]>();
  const skip = useMutation({
    mutationFn: (body: Schemas["SkipIn"]) =>
      send(
        client.POST("/api/v1/system/consumers/{name}/skip", {
          params: { path: { name: consumer.name } },
          body,
        }),
      ),
    onSuccess: () => {
      feedback.done(t("health.skipped"));
      onDone();
      onClose();
    },
  });
  return (
    <Modal
      open
      title={t("health.skip_title", { name: consumer.name })}
      okText={t("health.skip")}
      okButtonProps={{ danger: true }}
      confirmLoading={skip.isPending}
      onOk={form.submit}
      onCancel={onClose}
    >
      <p className="secondary">{t("health.skip_text")}</p>
      <Form
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={{ position: failingPosition(consumer), reason: "" }}
        onFinish={(body) => skip.mutate(body)}
      >
        {skip.isError && <ErrorNotice error={skip.error} style={{ marginBottom: 16 }} />}
        <Form.Item name="position" label={t("health.skip_position")} rules={[{ required: true }]}>
          <InputNumber min={1} precision={0} style={{ width: 200 }} />
        </Form.Item>
        <Form.Item
          name="reason"
          label={t("health.skip_reason")}
          rules={[{ required: true, whitespace: true }]}
        >
          <Input.TextArea rows={3} maxLength={500} />
        </Form.Item>
      </Form>
    </Modal>
  );
}
