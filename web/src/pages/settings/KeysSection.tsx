import { KeyOutlined, PlusOutlined } from "@ant-design/icons";
import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, DatePicker, Form, Input, Modal, Select, Table, Tag } from "antd";
import dayjs, { type Dayjs } from "dayjs";
import { useState } from "react";
import { client, type Schemas, send } from "@/api/client";
import { TableSkeleton } from "@/components/DataTable";
import { EmptyState } from "@/components/EmptyState";
import { ErrorNotice } from "@/components/ErrorNotice";
import { useFeedback } from "@/components/feedback";
import { ListBar } from "@/components/ListTools";
import { Panel } from "@/components/Panel";
import { SecretOnce } from "@/components/SecretOnce";
import { Moment } from "@/components/values";
import { useT, useWord } from "@/i18n";

type ApiKey = Schemas["ApiKeyOut"];
type Values = { name: string; role: Schemas["Role"]; expires?: Dayjs };

const keysQuery = queryOptions({
  queryKey: ["api-keys"],
  queryFn: () => send(client.GET("/api/v1/api-keys")),
});

export function KeysSection() {
  const t = useT();
  const word = useWord();
  const feedback = useFeedback();
  const queryClient = useQueryClient();
  const keys = useQuery(keysQuery);
  const [isOpen, setIsOpen] = useState(false);
  const [made, setMade] = useState<Schemas["NewApiKeyOut"] | null>(null);
  const refresh = () => queryClient.invalidateQueries({ queryKey: keysQuery.queryKey });
  const revoke = useMutation({
    mutationFn: (key: ApiKey) =>
      send(client.DELETE("/api/v1/api-keys/{key_id}", { params: { path: { key_id: key.id } } })),
    onSuccess: refresh,
    onError: feedback.failed,
  });

  function confirmRevoke(key: ApiKey) {
    feedback.modal.confirm({
      title: t("keys.revoke_confirm", { name: key.name }),
      content: t("keys.revoke_text"),
      okText: t("keys.revoke"),
      okButtonProps: { danger: true },
      onOk: () => revoke.mutateAsync(key).catch(() => undefined),
    });
  }

  if (keys.isPending) return <TableSkeleton />;
  if (keys.isError) return <ErrorNotice error={keys.error} onRetry={keys.refetch} />;
  const newButton = (
    <Button type="primary" icon={<PlusOutlined />} onClick={() => setIsOpen(true)}>
      {t("keys.new")}
    </Button>
  );
  return (
    <Panel>
      {keys.data.length === 0 ? (
        <EmptyState
          icon={<KeyOutlined />}
          title={t("keys.empty")}
          text={t("keys.empty_text")}
          action={newButton}
        />
      ) : (
        <>
          <ListBar end={newButton}>
            <span className="secondary">{t("keys.text")}</span>
          </ListBar>
          <Table<ApiKey>
            size="middle"
            rowKey="id"
            dataSource={keys.data}
            pagination={false}
            scroll={{ x: "max-content" }}
            columns={[
              { title: t("keys.name"), render: (_, key) => <strong>{key.name}</strong> },
              { title: t("keys.prefix"), render: (_, key) => <span className="mono">{key.prefix}…</span> },
              { title: t("operators.role"), render: (_, key) => word("role", key.role) },
              { title: t("operators.state"), render: (_, key) => <KeyState apiKey={key} /> },
              {
                title: t("keys.expires"),
                render: (_, key) =>
                  key.expires_at ? <Moment at={key.expires_at} /> : t("keys.expires_never"),
              },
              { title: t("keys.last_used"), render: (_, key) => <Moment at={key.last_used_at} /> },
              { title: t("keys.created"), render: (_, key) => <Moment at={key.created_at} /> },
              {
                key: "actions",
                align: "right",
                render: (_, key) =>
                  !key.revoked_at && (
                    <Button type="text" danger size="small" onClick={() => confirmRevoke(key)}>
                      {t("keys.revoke")}
                    </Button>
                  ),
              },
            ]}
          />
        </>
      )}
      <KeyDialog
        isOpen={isOpen}
        onClose={() => setIsOpen(false)}
        onMade={(key) => {
          setIsOpen(false);
          setMade(key);
          refresh();
        }}
      />
      <SecretOnce
        title={t("keys.secret_title", { name: made?.key.name ?? "" })}
        text={t("keys.secret_text")}
        secret={made?.secret ?? null}
        onClose={() => setMade(null)}
      />
    </Panel>
  );
}

function KeyState({ apiKey }: { apiKey: ApiKey }) {
  const t = useT();
  if (apiKey.revoked_at) return <Tag>{t("keys.revoked")}</Tag>;
  if (apiKey.expires_at && dayjs(apiKey.expires_at).isBefore(dayjs())) return <Tag>{t("keys.expired")}</Tag>;
  return <Tag color="success">{t("keys.valid")}</Tag>;
}

type DialogProps = { isOpen: boolean; onClose: () => void; onMade: (key: Schemas["NewApiKeyOut"]) => void };

function KeyDialog({ isOpen, onClose, onMade }: DialogProps) {
  const t = useT();
  const word = useWord();
  const [form] = Form.useForm<Values>();
  const make = useMutation({
    mutationFn: (values: Values) =>
      send(
        client.POST("/api/v1/api-keys", {
          body: {
            name: values.name,
            role: values.role,
            expires_at: values.expires?.endOf("day").toISOString() ?? null,
          },
        }),
      ),
    onSuccess: onMade,
  });
  return (
    <Modal
      open={isOpen}
      title={t("keys.new")}
      okText={t("action.save")}
      onOk={form.submit}
      onCancel={onClose}
      confirmLoading={make.isPending}
      destroyOnHidden
    >
      <Form
        form={form}
        layout="vertical"
        preserve={false}
        initialValues={{ role: "operator" }}
        onFinish={(values) => make.mutate(values)}
      >
        {make.isError && <ErrorNotice error={make.error} style={{ marginBottom: 16 }} />}
        <Form.Item name="name" label={t("keys.name")} rules={[{ required: true, whitespace: true }]}>
          <Input placeholder={t("keys.name_hint")} maxLength={100} autoFocus />
        </Form.Item>
        <Form.Item name="role" label={t("operators.role")} required>
          <Select
            options={(["viewer", "operator", "admin"] as const).map((role) => ({
              value: role,
              label: word("role", role),
            }))}
          />
        </Form.Item>
        <Form.Item name="expires" label={t("keys.expires")}>
          <DatePicker
            placeholder={t("keys.expires_never")}
            style={{ width: "100%" }}
            disabledDate={(day) => day.isBefore(dayjs(), "day")}
          />
        </Form.Item>
      </Form>
    </Modal>
  );
}
