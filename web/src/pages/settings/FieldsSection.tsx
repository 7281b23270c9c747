import { AppstoreAddOutlined, PlusOutlined } from "@ant-design/icons";
import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Flex, Table, Tag } from "antd";
import { useState } from "react";
import { client, type Schemas, send } from "@/api/client";
import { TableSkeleton } from "@/components/DataTable";
import { EmptyState } from "@/components/EmptyState";
import { ErrorNotice } from "@/components/ErrorNotice";
import { useFeedback } from "@/components/feedback";
import { ListBar } from "@/components/ListTools";
import { Panel } from "@/components/Panel";
import { useI18n, useWord } from "@/i18n";
import { FieldDialog } from "./FieldDialog";

type CustomField = Schemas["CustomFieldOut"];

const customFieldsQuery = queryOptions({
  queryKey: ["custom-fields"],
  queryFn: () => send(client.GET("/api/v1/custom-fields")),
});

export function FieldsSection() {
  const { t, locale } = useI18n();
  const word = useWord();
  const feedback = useFeedback();
  const queryClient = useQueryClient();
  const fields = useQuery(customFieldsQuery);
  const [edited, setEdited] = useState<CustomField | "new" | null>(null);
  const labelOf = (field: CustomField) => (locale === "zh-CN" ? field.label_zh : field.label_en);
  const archive = useMutation({
    mutationFn: (field: CustomField) =>
      send(
        client.PATCH("/api/v1/custom-fields/{custom_field_id}", {
          params: { path: { custom_field_id: field.id } },
          body: { is_archived: !field.is_archived },
        }),
      ),
    onSuccess: () => {
      queryClient.invalidateQueries({ queryKey: customFieldsQuery.queryKey });
      queryClient.invalidateQueries({ queryKey: ["customer-fields"] });
    },
    onError: feedback.failed,
  });

  function toggleArchived(field: CustomField) {
    if (field.is_archived) {
      archive.mutate(field);
      return;
    }
    feedback.modal.confirm({
      title: t("custom_fields.archive_confirm", { name: labelOf(field) }),
      content: t("custom_fields.archive_text"),
      okText: t("custom_fields.archive"),
      onOk: () => archive.mutateAsync(field).catch(() => undefined),
    });
  }

  if (fields.isPending) return <TableSkeleton />;
  if (fields.isError) return <ErrorNotice error={fields.error} onRetry={fields.refetch} />;
  const newButton = (
    <Button type="primary" icon={<PlusOutlined />} onClick={() => setEdited("new")}>
      {t("custom_fields.new")}
    </Button>
  );
  return (
    <Panel>
      {fields.data.items.length === 0 ? (
        <EmptyState
          icon={<AppstoreAddOutlined />}
          title={t("custom_fields.empty")}
          text={t("custom_fields.empty_text")}
          action={newButton}
        />
      ) : (
        <>
          <ListBar end={newButton}>
            <span className="secondary">{t("custom_fields.text")}</span>
          </ListBar>
          <Table<CustomField>
            size="middle"
            rowKey="id"
            dataSource={fields.data.items}
            pagination={false}
            scroll={{ x: "max-content" }}
            columns={[
              {
                title: t("rules.field"),
                render: (_, field) => (
                  <Flex gap={6} align="center">
                    <strong>{labelOf(field)}</strong>
                    {field.is_required && <Tag>{t("custom_fields.required")}</Tag>}
                    {field.is_personal && <Tag color="warning">{t("custom_fields.personal")}</Tag>}
                    {field.is_archived && <Tag>{t("custom_fields.archived")}</Tag>}
                  </Flex>
                ),
              },
              {
                title: t("custom_fields.name"),
                render: (_, field) => <span className="mono">{field.name}</span>,
              },
              { title: t("custom_fields.type"), render: (_, field) => word("value_type", field.type) },
              {
                title: t("custom_fields.options"),
                render: (_, field) => (
                  <span className="cell-text">
                    {field.options
                      .filter((option) => !option.is_archived)
                      .map((option) => (locale === "zh-CN" ? option.label_zh : option.label_en))
                      .join(locale === "zh-CN" ? "、" : ", ") || "–"}
                  </span>
                ),
              },
              {
                key: "actions",
                align: "right",
                render: (_, field) => (
                  <Flex gap={4} justify="end">
                    <Button type="text" size="small" onClick={() => setEdited(field)}>
                      {t("action.edit")}
                    </Button>
                    <Button type="text" size="small" onClick={() => toggleArchived(field)}>
                      {t(field.is_archived ? "custom_fields.restore" : "custom_fields.archive")}
                    </Button>
                  </Flex>
                ),
              },
            ]}
          />
        </>
      )}
      {edited && <FieldDialog edited={edited} onClose={() => setEdited(null)} />}
    </Panel>
  );
}
