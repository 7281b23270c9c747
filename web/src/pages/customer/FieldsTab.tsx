import { EditOutlined, UndoOutlined } from "@ant-design/icons";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button, Card, Flex, Popover, Tag } from "antd";
import { useState } from "react";
import { client, type Schemas, send } from "@/api/client";
import { type Customer, customerQuery, type Provenance } from "@/api/customers";
import { useMay } from "@/app/session";
import { useActorName } from "@/components/Actor";
import { FieldText } from "@/components/FieldText";
import { useFeedback } from "@/components/feedback";
import { Moment } from "@/components/values";
import { hasText, useI18n, useT, useWord } from "@/i18n";
import { FieldEditor } from "./FieldEditor";

export function FieldsTab({ customer }: { customer: Customer }) {
  const t = useT();
  const builtin = customer.fields.filter((item) => !item.field.is_custom);
  const custom = customer.fields.filter((item) => item.field.is_custom);
  return (
    <Flex vertical gap={16}>
      <Card title={t("fields.custom")}>
        {custom.length === 0 && <span className="secondary">{t("fields.custom_none")}</span>}
        {custom.map((item) => (
          <FieldRow key={item.field.name} customer={customer} item={item} />
        ))}
      </Card>
      <Card title={t("fields.builtin")}>
        {builtin.map((item) => (
          <FieldRow key={item.field.name} customer={customer} item={item} />
        ))}
      </Card>
    </Flex>
  );
}

type RowProps = { customer: Customer; item: Provenance };

function FieldRow({ customer, item }: RowProps) {
  const { t, locale } = useI18n();
  const may = useMay();
  const feedback = useFeedback();
  const queryClient = useQueryClient();
  const [isEditing, setIsEditing] = useState(false);
  const { field, chosen } = item;
  const label = locale === "zh-CN" ? field.label_zh : field.label_en;
  const save = useMutation({
    mutationFn: (body: Schemas["CustomerChangeIn"]) =>
      send(
        client.PATCH("/api/v1/customers/{customer_id}", {
          params: { path: { customer_id: customer.id } },
          body,
        }),
      ),
    onSuccess: (changed) => {
      queryClient.setQueryData(customerQuery(customer.id).queryKey, changed);
      queryClient.invalidateQueries({ queryKey: ["customer"] });
      queryClient.invalidateQueries({ queryKey: ["customers"] });
      feedback.done(t("fields.saved"));
      setIsEditing(false);
    },
  });
  const mayEdit = may("customers.write") && !customer.is_erased && !item.is_masked;
  return (
    <div className="field-row">
      <div className="secondary">{label}</div>
      {isEditing ? (
        <FieldEditor
          field={field}
          value={chosen?.value ?? null}
          isSaving={save.isPending}
          error={save.error}
          onSave={(value) => save.mutate({ values: { [field.name]: value }, reset: [] })}
          onCancel={() => {
            save.reset();
            setIsEditing(false);
          }}
        />
      ) : (
        <Flex gap={8} align="start" justify="space-between">
          <div className="wrap-anywhere">
            {item.is_masked && chosen ? (
              chosen.text
            ) : (
              <FieldText field={field} value={chosen?.value ?? null} />
            )}
            <Origin item={item} />
          </div>
          {mayEdit && (
            <Flex gap={2}>
              {item.rule === "manual" && (
                <Button
                  type="text"
                  size="small"
                  icon={<UndoOutlined />}
                  title={t("fields.reset")}
                  aria-label={t("fields.reset")}
                  onClick={() => save.mutate({ values: {}, reset: [field.name] })}
                />
              )}
              <Button
                type="text"
                size="small"
                icon={<EditOutlined />}
                aria-label={t("fields.edit", { field: label })}
                onClick={() => setIsEditing(true)}
              />
            </Flex>
          )}
        </Flex>
      )}
    </div>
  );
}

/** Where the value came from, by which rule it holds, and on demand what it won against. */
function Origin({ item }: { item: Provenance }) {
  const t = useT();
  const word = useWord();
  const { chosen, losing, rule } = item;
  if (!chosen) return null;
  const ruleKey = `fields.rule_${rule}`;
  return (
    <div className="secondary" style={{ fontSize: 13 }}>
      {word("source", chosen.source)} · <Moment at={chosen.seen_at} withTime={false} />{" "}
      {hasText(ruleKey) && <Tag variant="filled">{t(ruleKey)}</Tag>}
      {losing.length > 0 && (
        <Popover trigger="click" content={<Losing item={item} />}>
          <Button type="link" size="small" style={{ padding: 0 }}>
            {t("fields.others", { count: losing.length })}
          </Button>
        </Popover>
      )}
    </div>
  );
}

function Losing({ item }: { item: Provenance }) {
  const t = useT();
  const word = useWord();
  const nameOf = useActorName();
  return (
    <Flex vertical gap={8} style={{ maxWidth: 340 }}>
      {item.losing.map((candidate) => (
        <div key={`${candidate.source} ${candidate.record_id} ${candidate.recorded_at}`}>
          <div className="wrap-anywhere">
            {candidate.text === "" ? (
              t("fields.emptied")
            ) : item.is_masked ? (
              candidate.text
            ) : (
              <FieldText field={item.field} value={candidate.value} />
            )}
          </div>
          <div className="secondary" style={{ fontSize: 13 }}>
            {word("source", candidate.source)} · <Moment at={candidate.seen_at} withTime={false} /> ·{" "}
            {nameOf(candidate.actor)} · <span className="mono">{candidate.record_id}</span>
          </div>
        </div>
      ))}
    </Flex>
  );
}
