import { PlusOutlined } from "@ant-design/icons";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Dropdown, Flex, Table, Tag } from "antd";
import dayjs from "dayjs";
import { useState } from "react";
import { client, type Schemas, send } from "@/api/client";
import { operatorsQuery } from "@/api/operators";
import { useSession } from "@/app/session";
import { TableSkeleton } from "@/components/DataTable";
import { ErrorNotice } from "@/components/ErrorNotice";
import { useFeedback } from "@/components/feedback";
import { ListBar } from "@/components/ListTools";
import { Panel } from "@/components/Panel";
import { SecretOnce } from "@/components/SecretOnce";
import { Moment } from "@/components/values";
import { useT, useWord } from "@/i18n";
import { OperatorDialog } from "./OperatorDialog";

type Operator = Schemas["OperatorOut"];

export function OperatorsSection() {
  const t = useT();
  const word = useWord();
  const feedback = useFeedback();
  const queryClient = useQueryClient();
  const session = useSession();
  const operators = useQuery(operatorsQuery);
  const [edited, setEdited] = useState<Operator | "new" | null>(null);
  const [secret, setSecret] = useState<{ name: string; password: string } | null>(null);
  const refresh = () => queryClient.invalidateQueries({ queryKey: operatorsQuery.queryKey });

  const reset = useMutation({
    mutationFn: (operator: Operator) =>
      send(
        client.POST("/api/v1/operators/{operator_id}/password-reset", {
          params: { path: { operator_id: operator.id } },
        }),
      ),
    onSuccess: ({ one_time_password }, operator) => {
      setSecret({ name: operator.username, password: one_time_password });
      refresh();
    },
    onError: feedback.failed,
  });
  const setActive = useMutation({
    mutationFn: (operator: Operator) =>
      send(
        client.PATCH("/api/v1/operators/{operator_id}", {
          params: { path: { operator_id: operator.id } },
          body: { is_active: !operator.is_active },
        }),
      ),
    onSuccess: () => {
      feedback.done(t("operators.saved"));
      refresh();
    },
    onError: feedback.failed,
  });

  function confirmReset(operator: Operator) {
    feedback.modal.confirm({
      title: t("operators.reset_confirm", { name: operator.username }),
      content: t("operators.reset_text"),
      okText: t("operators.reset"),
      onOk: () => reset.mutateAsync(operator).catch(() => undefined),
    });
  }

  function confirmActive(operator: Operator) {
    if (!operator.is_active) {
      setActive.mutate(operator);
      return;
    }
    feedback.modal.confirm({
      title: t("operators.disable_confirm", { name: operator.username }),
      content: t("operators.disable_text"),
      okText: t("operators.disable"),
      okButtonProps: { danger: true },
      onOk: () => setActive.mutateAsync(operator).catch(() => undefined),
    });
  }

  if (operators.isPending) return <TableSkeleton />;
  if (operators.isError) return <ErrorNotice error={operators.error} onRetry={operators.refetch} />;
  return (
    <Panel>
      <ListBar
        end={
          <Button type="primary" icon={<PlusOutlined />} onClick={() => setEdited("new")}>
            {t("operators.new")}
          </Button>
        }
      >
        <span className="secondary">{t("operators.text")}</span>
      </ListBar>
      <Table<Operator>
        size="middle"
        rowKey="id"
        dataSource={operators.data}
        pagination={false}
        scroll={{ x: "max-content" }}
        columns={[
          {
            title: t("operators.username"),
            render: (_, operator) => (
              <Flex gap={8} align="center">
                <strong>{operator.username}</strong>
                {operator.id === session?.operator.id && <Tag variant="filled">{t("operators.you")}</Tag>}
              </Flex>
            ),
          },
          { title: t("operators.display_name"), dataIndex: "display_name" },
          { title: t("operators.role"), render: (_, operator) => word("role", operator.role) },
          { title: t("operators.state"), render: (_, operator) => <OperatorState operator={operator} /> },
          {
            title: t("operators.last_login"),
            render: (_, operator) =>
              operator.last_login_at ? <Moment at={operator.last_login_at} /> : t("operators.never"),
          },
          {
            key: "actions",
            align: "right",
            render: (_, operator) => (
              <Flex gap={4} justify="end">
                <Button type="text" size="small" onClick={() => setEdited(operator)}>
                  {t("action.edit")}
                </Button>
                <Dropdown
                  trigger={["click"]}
                  menu={{
                    items: [
                      { key: "reset", label: t("operators.reset"), onClick: () => confirmReset(operator) },
                      {
                        key: "active",
                        danger: operator.is_active,
                        label: t(operator.is_active ? "operators.disable" : "operators.enable"),
                        onClick: () => confirmActive(operator),
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
      <OperatorDialog
        edited={edited}
        onClose={() => setEdited(null)}
        onCreated={(name, password) => setSecret({ name, password })}
      />
      <SecretOnce
        title={t("operators.password_title", { name: secret?.name ?? "" })}
        text={t("operators.password_text")}
        secret={secret?.password ?? null}
        onClose={() => setSecret(null)}
      />
    </Panel>
  );
}

function OperatorState({ operator }: { operator: Operator }) {
  const t = useT();
  if (!operator.is_active) return <Tag>{t("operators.disabled")}</Tag>;
  if (operator.locked_until && dayjs(operator.locked_until).isAfter(dayjs())) {
    return (
      <Tag color="error">{t("operators.locked", { time: dayjs(operator.locked_until).format("HH:mm") })}</Tag>
    );
  }
  if (operator.must_change_password) return <Tag color="warning">{t("operators.one_time")}</Tag>;
  return <Tag color="success">{t("operators.active")}</Tag>;
}
