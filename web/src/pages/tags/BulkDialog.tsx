import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Alert, Button, Checkbox, Flex, Form, Input, Modal, Radio, Select, Statistic } from "antd";
import { useEffect, useState } from "react";
import { segmentChoicesQuery, toBody as toConditionBody } from "@/api/segments";
import { type BulkBody, changeMany, type Tag, type TagPreview, tagsQuery } from "@/api/tags";
import { ConditionWorkbench } from "@/components/conditions/ConditionWorkbench";
import type { ConditionJson } from "@/components/conditions/language";
import { useConditionEditor } from "@/components/conditions/use-editor";
import type { Live } from "@/components/conditions/use-live";
import { ErrorNotice } from "@/components/ErrorNotice";
import { useFeedback } from "@/components/feedback";
import { useT } from "@/i18n";
import { tagChoices } from "./tags";
import { ValueInput } from "./ValueInput";

type Values = {
  whom: "filter" | "segment" | "condition" | "tag";
  query?: string;
  city?: string;
  orders?: "yes" | "no";
  segment?: string;
  tag?: string;
  value?: string;
  reason?: string;
  renews?: boolean;
};
type Props = { tag: Tag; isRemoval: boolean; onClose: () => void };

/** Gives a tag to many customers or takes it from them, after showing what would happen. */
export function BulkDialog({ tag, isRemoval, onClose }: Props) {
  const t = useT();
  const navigate = useNavigate();
  const feedback = useFeedback();
  const queryClient = useQueryClient();
  const [form] = Form.useForm<Values>();
  const [preview, setPreview] = useState<TagPreview | null>(null);
  const editor = useConditionEditor(null);
  const [live, setLive] = useState<Live | null>(null);
  const isByCondition = Form.useWatch("whom", form) === "condition";
  const isReady = !isByCondition || (live !== null && !live.isCounting && live.problems.length === 0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another condition means other people
  useEffect(() => setPreview(null), [editor.json]);
  const look = useMutation({
    mutationFn: (values: Values) =>
      changeMany(tag.id, isRemoval, { ...toBody(values, editor.json), dry_run: true }),
    onSuccess: (answer) => setPreview(answer.preview),
  });
  const run = useMutation({
    mutationFn: () => changeMany(tag.id, isRemoval, toBody(form.getFieldsValue(), editor.json)),
    onSuccess: () => {
      feedback.done(t("tags.started"));
      queryClient.invalidateQueries({ queryKey: ["tag", tag.id] });
      onClose();
      navigate({ to: "/tags/$tagId", params: { tagId: tag.id }, search: { tab: "operations" } });
    },
  });
  const count = preview?.counts.changed ?? 0;
  const error = look.error ?? run.error;
  return (
    <Modal
      open
      width={isByCondition ? 1180 : 600}
      // Escape ends what one does in the editor; it must not throw the condition away, nor must a click beside it.
      keyboard={!isByCondition}
      mask={{ closable: !isByCondition }}
      title={`${t(isRemoval ? "tags.remove_many" : "tags.assign_many")}：${tag.name}`}
      onCancel={onClose}
      footer={
        <Flex justify="end" gap={8} wrap>
          <Button onClick={onClose}>{t("action.cancel")}</Button>
          <Button
            type={preview ? "default" : "primary"}
            loading={look.isPending}
            disabled={!isReady}
            onClick={form.submit}
          >
            {t(preview ? "tags.preview_again" : "tags.preview")}
          </Button>
          {preview && count > 0 && (
            <Button type="primary" danger={isRemoval} loading={run.isPending} onClick={() => run.mutate()}>
              {t(isRemoval ? "tags.run_remove" : "tags.run_assign", { count })}
            </Button>
          )}
        </Flex>
      }
    >
      <Form<Values>
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={{ whom: "filter" }}
        onValuesChange={() => setPreview(null)}
        onFinish={(values) => look.mutate(values)}
      >
        {error && <ErrorNotice error={error} style={{ marginBottom: 12 }} />}
        <Whom tagId={tag.id} />
        {tag.value_mode !== "flag" && (
          <Form.Item name="value" label={t("tags.value")} rules={[{ required: !isRemoval }]}>
            <ValueInput tag={tag} />
          </Form.Item>
        )}
        {!isRemoval && (
          <Form.Item name="renews" valuePropName="checked">
            <Checkbox>{t("tags.renews")}</Checkbox>
          </Form.Item>
        )}
        <Form.Item name="reason" label={t("tags.reason")} extra={t("tags.reason_hint")}>
          <Input maxLength={500} />
        </Form.Item>
      </Form>
      {isByCondition && (
        <ConditionWorkbench editor={editor} label={t("tags.whom_condition")} onLive={setLive} />
      )}
      {preview && <PreviewResult preview={preview} />}
    </Modal>
  );
}

function Whom({ tagId }: { tagId: string }) {
  const t = useT();
  const whom = Form.useWatch<Values["whom"] | undefined>("whom") ?? "filter";
  return (
    <>
      <Form.Item name="whom" label={t("tags.whom")} style={{ marginBottom: 12 }}>
        <Radio.Group
          options={[
            { value: "filter", label: t("tags.whom_filter") },
            { value: "segment", label: t("tags.whom_segment") },
            { value: "condition", label: t("tags.whom_condition") },
            { value: "tag", label: t("tags.whom_tag") },
          ]}
        />
      </Form.Item>
      {whom === "filter" && <FilterItems />}
      {whom === "segment" && <SegmentItem />}
      {whom === "tag" && <TagItem tagId={tagId} />}
    </>
  );
}

function FilterItems() {
  const t = useT();
  return (
    <>
      <Form.Item name="query" label={t("tags.whom_query")} extra={t("tags.whom_all")}>
        <Input maxLength={200} />
      </Form.Item>
      <div className="two-columns">
        <Form.Item name="city" label={t("tags.whom_city")}>
          <Input maxLength={200} />
        </Form.Item>
        <Form.Item name="orders" label={t("tags.whom_orders")}>
          <Select
            allowClear
            placeholder={t("list.all")}
            options={[
              { value: "yes", label: t("customers.filter_with_orders") },
              { value: "no", label: t("customers.filter_without_orders") },
            ]}
          />
        </Form.Item>
      </div>
    </>
  );
}

function SegmentItem() {
  const t = useT();
  const segments = useQuery(segmentChoicesQuery);
  return (
    <Form.Item name="segment" label={t("tags.segment")} rules={[{ required: true }]}>
      <Select
        loading={segments.isFetching}
        showSearch={{ optionFilterProp: "label" }}
        options={segments.data?.items.map(({ key, name }) => ({ value: key, label: name })) ?? []}
      />
    </Form.Item>
  );
}

function TagItem({ tagId }: { tagId: string }) {
  const t = useT();
  const tags = useQuery(tagsQuery(true));
  const keys = new Map(tags.data?.items.map(({ id, key }) => [id, key]));
  return (
    <Form.Item name="tag" label={t("tags.filter")} rules={[{ required: true }]}>
      <Select
        loading={tags.isFetching}
        showSearch={{ optionFilterProp: "label" }}
        options={tagChoices(
          (tags.data?.items ?? []).filter(({ id }) => id !== tagId),
          t("tags.no_group"),
        ).map((group) => ({
          ...group,
          options: group.options.map((option) => ({ ...option, value: keys.get(option.value) })),
        }))}
      />
    </Form.Item>
  );
}

function PreviewResult({ preview }: { preview: TagPreview }) {
  const t = useT();
  const { counts } = preview;
  return (
    <section aria-live="polite">
      {counts.changed === 0 && <Alert type="info" showIcon title={t("tags.nobody_changes")} />}
      <div className="tag-numbers">
        <Statistic title={t("tags.will_change")} value={counts.changed} />
        <Statistic title={t("tags.will_stay")} value={counts.unchanged} />
        {counts.skipped > 0 && <Statistic title={t("tags.will_skip")} value={counts.skipped} />}
        {counts.displaced > 0 && <Statistic title={t("tags.will_displace")} value={counts.displaced} />}
      </div>
      {preview.displacements.map((displacement) => (
        <Alert
          key={`${displacement.tag.id} ${displacement.value}`}
          type="warning"
          showIcon
          style={{ marginBottom: 8 }}
          title={t("tags.displacement", {
            name: displacement.tag.name + (displacement.value_label ? `：${displacement.value_label}` : ""),
            count: displacement.people,
          })}
        />
      ))}
      {preview.sample.length > 0 && (
        <p className="secondary wrap-anywhere">
          {t("tags.sample")}：{preview.sample.map((person) => person.display_name ?? person.id).join("、")}
        </p>
      )}
    </section>
  );
}

function toBody(values: Values, condition: ConditionJson): BulkBody {
  const common = {
    value: values.value || null,
    reason: values.reason ?? "",
    renews: values.renews ?? false,
    dry_run: false,
  };
  if (values.whom === "segment") return { ...common, segment: values.segment ?? "" };
  if (values.whom === "condition") return { ...common, condition: toConditionBody(condition) };
  if (values.whom === "tag") return { ...common, customers: { tag: values.tag ?? null } };
  return {
    ...common,
    customers: {
      query: values.query?.trim() || null,
      city: values.city?.trim() || null,
      has_orders: values.orders ? values.orders === "yes" : null,
    },
  };
}
