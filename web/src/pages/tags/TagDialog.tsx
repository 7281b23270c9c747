import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Button, DatePicker, Flex, Form, Input, InputNumber, Modal, Radio, Select, Typography } from "antd";
import dayjs, { type Dayjs } from "dayjs";
import { useRef, useState } from "react";
import { client, type Schemas, send } from "@/api/client";
import { actorsQuery } from "@/api/names";
import { toBody as toConditionBody } from "@/api/segments";
import { saveTagRules, type Tag, tagsQuery } from "@/api/tags";
import { ConditionWorkbench } from "@/components/conditions/ConditionWorkbench";
import { type Editor, useConditionEditor } from "@/components/conditions/use-editor";
import type { Live } from "@/components/conditions/use-live";
import { ErrorNotice } from "@/components/ErrorNotice";
import { useFeedback } from "@/components/feedback";
import { useT } from "@/i18n";
import { RuleWords } from "./RuleWords";
import { TagChip } from "./TagChip";
import type { RuleText } from "./tags";

const COLOURS = [
  "default",
  "red",
  "volcano",
  "orange",
  "gold",
  "lime",
  "green",
  "cyan",
  "blue",
  "geekblue",
  "purple",
  "magenta",
] as const;
const MODES = ["flag", "one", "several"] as const satisfies Tag["value_mode"][];
const KINDS = ["static", "computed"] as const satisfies Tag["kind"][];
const DAYS_MAX = 36_500;

type Values = {
  kind: Tag["kind"];
  name: string;
  key: string;
  group_id?: string;
  colour: string;
  owner_id?: number;
  description?: string;
  value_mode: Tag["value_mode"];
  allowed_values?: { value: string; label: string }[];
  validity: "none" | "days" | "until";
  valid_days?: number;
  valid_until?: Dayjs;
};

const WIDTH = 640;
const WIDTH_WITH_RULE = 1180;

/** Makes a tag, a computed one with its first rule, or changes one. */
export function TagDialog({ tag, onClose }: { tag: Tag | null; onClose: () => void }) {
  const t = useT();
  const [form] = Form.useForm<Values>();
  const kind = Form.useWatch("kind", form) ?? tag?.kind ?? "static";
  const editor = useConditionEditor(null);
  const [text, setText] = useState<RuleText>({ value: "", label: "" });
  const [live, setLive] = useState<Live | null>(null);
  const save = useSaveTag(tag, { ...text, editor }, onClose);
  const hasRule = tag === null && kind === "computed";
  // No condition at all would mean everybody, which nobody makes a tag for.
  const isWritten = editor.state.root.parts.length > 0;
  const isReady = !hasRule || (isWritten && live !== null && !live.isCounting && live.problems.length === 0);
  return (
    <Modal
      open
      width={hasRule ? WIDTH_WITH_RULE : WIDTH}
      // Escape ends what one does in the editor; it must not throw the tag away, nor must a click beside it.
      keyboard={!hasRule}
      mask={{ closable: !hasRule }}
      title={t(tag ? "tags.edit" : "tags.new")}
      okText={t("action.save")}
      okButtonProps={{ disabled: !isReady }}
      confirmLoading={save.isPending}
      onOk={form.submit}
      onCancel={onClose}
    >
      <Form<Values>
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={toValues(tag)}
        onFinish={(values) => save.mutate(values)}
      >
        {save.isError && <ErrorNotice error={save.error} style={{ marginBottom: 16 }} />}
        <TagItems tag={tag} kind={kind} />
      </Form>
      {hasRule && (
        <section>
          <Typography.Title level={2} style={{ fontSize: 16 }}>
            {t("tags.rule_first")}
          </Typography.Title>
          <RuleWords text={text} others={[]} onChange={setText} />
          <ConditionWorkbench editor={editor} label={t("tags.rule_condition")} onLive={setLive} />
        </section>
      )}
    </Modal>
  );
}

function TagItems({ tag, kind }: { tag: Tag | null; kind: Tag["kind"] }) {
  const t = useT();
  const mode = Form.useWatch<Tag["value_mode"] | undefined>("value_mode") ?? tag?.value_mode ?? "flag";
  // The values of a computed tag are those of its rules.
  const isStatic = kind === "static";
  return (
    <>
      {tag === null && (
        <Form.Item name="kind" label={t("tags.kind")}>
          <Radio.Group options={KINDS.map((value) => ({ value, label: t(`tag_kind_long.${value}`) }))} />
        </Form.Item>
      )}
      <div className="two-columns">
        <Form.Item name="name" label={t("tags.name")} rules={[{ required: true, whitespace: true }]}>
          <Input maxLength={60} autoFocus />
        </Form.Item>
        <Form.Item
          name="key"
          label={t("tags.key")}
          extra={t("tags.key_rule")}
          rules={[{ required: true, pattern: /^[a-z][a-z0-9_]*$/, message: t("tags.key_rule") }]}
        >
          <Input maxLength={40} spellCheck={false} className="mono" />
        </Form.Item>
        <GroupItem />
        <Form.Item name="colour" label={t("tags.colour")}>
          <Select
            options={COLOURS.map((colour) => ({
              value: colour,
              label: <TagChip tag={{ name: t(`tag_colour.${colour}`), colour }} />,
            }))}
          />
        </Form.Item>
        <OwnerItem />
        {isStatic && (
          <Form.Item name="value_mode" label={t("tags.mode")}>
            <Select options={MODES.map((value) => ({ value, label: t(`tag_mode.${value}`) }))} />
          </Form.Item>
        )}
      </div>
      {isStatic && mode !== "flag" && <AllowedValues />}
      {isStatic && <ValidityItems />}
      <Form.Item name="description" label={t("tags.description")}>
        <Input.TextArea maxLength={1000} autoSize={{ minRows: 2, maxRows: 6 }} />
      </Form.Item>
      {tag && isStatic && <span className="secondary">{t("tags.in_use_hint")}</span>}
    </>
  );
}

type FirstRule = RuleText & { editor: Editor };

function useSaveTag(tag: Tag | null, rule: FirstRule, onClose: () => void) {
  const t = useT();
  const navigate = useNavigate();
  const feedback = useFeedback();
  const queryClient = useQueryClient();
  // A tag that was made although its rule was refused is not made again.
  const made = useRef<Tag>(undefined);
  return useMutation({
    mutationFn: async (values: Values) => {
      if (tag) {
        const { kind: _, ...body } = toBody(values, tag);
        return send(client.PATCH("/api/v1/tags/{tag_id}", { params: { path: { tag_id: tag.id } }, body }));
      }
      const { current } = made;
      const body = toBody(values, null);
      const saved = current
        ? await send(
            client.PATCH("/api/v1/tags/{tag_id}", { params: { path: { tag_id: current.id } }, body }),
          )
        : await send(client.POST("/api/v1/tags", { body }));
      made.current = saved;
      if (saved.kind === "computed") {
        const { value, label, editor } = rule;
        const first = { value: value.trim(), label, condition: toConditionBody(editor.json) };
        await saveTagRules(saved.id, { is_exclusive: true, rules: [first] });
      }
      return saved;
    },
    onSuccess: (saved) => {
      feedback.done(t("tags.saved"));
      queryClient.invalidateQueries({ queryKey: ["tags"] });
      queryClient.invalidateQueries({ queryKey: ["tag"] });
      onClose();
      if (!tag && saved.kind === "computed") navigate({ to: "/tags/$tagId", params: { tagId: saved.id } });
    },
  });
}

function GroupItem() {
  const t = useT();
  const tags = useQuery(tagsQuery(false));
  return (
    <Form.Item name="group_id" label={t("tags.group")}>
      <Select
        allowClear
        placeholder={t("tags.no_group")}
        options={tags.data?.groups.map(({ id, name }) => ({ value: id, label: name })) ?? []}
      />
    </Form.Item>
  );
}

function OwnerItem() {
  const t = useT();
  const actors = useQuery(actorsQuery);
  const operators = (actors.data ?? []).flatMap(({ actor, name }) => {
    const [kind, id] = actor.split(":");
    return kind === "operator" ? [{ value: Number(id), label: name ?? actor }] : [];
  });
  return (
    <Form.Item name="owner_id" label={t("tags.owner")}>
      <Select allowClear placeholder={t("tags.nobody")} options={operators} />
    </Form.Item>
  );
}

function ValidityItems() {
  const t = useT();
  const validity = Form.useWatch<Values["validity"] | undefined>("validity");
  return (
    <>
      <Form.Item name="validity" label={t("tags.validity")} extra={t("tags.validity_hint")}>
        <Radio.Group
          options={[
            { value: "none", label: t("tags.validity_none") },
            { value: "days", label: t("tags.validity_days") },
            { value: "until", label: t("tags.validity_until") },
          ]}
        />
      </Form.Item>
      {validity === "days" && (
        <Form.Item name="valid_days" label={t("tags.validity_days")} rules={[{ required: true }]}>
          <InputNumber min={1} max={DAYS_MAX} precision={0} />
        </Form.Item>
      )}
      {validity === "until" && (
        <Form.Item name="valid_until" label={t("tags.validity_until")} rules={[{ required: true }]}>
          <DatePicker />
        </Form.Item>
      )}
    </>
  );
}

function AllowedValues() {
  const t = useT();
  return (
    <Form.Item label={t("tags.values")} extra={t("tags.values_hint")}>
      <Form.List name="allowed_values">
        {(items, { add, remove }) => (
          <Flex vertical gap={8}>
            {items.map(({ key, name }) => (
              <Flex key={key} gap={8}>
                <Form.Item
                  name={[name, "value"]}
                  noStyle
                  rules={[{ required: true, whitespace: true, message: t("tags.value") }]}
                >
                  <Input placeholder={t("tags.value")} aria-label={t("tags.value")} maxLength={100} />
                </Form.Item>
                <Form.Item name={[name, "label"]} noStyle>
                  <Input
                    placeholder={t("tags.value_label")}
                    aria-label={t("tags.value_label")}
                    maxLength={100}
                  />
                </Form.Item>
                <Button
                  type="text"
                  icon={<DeleteOutlined />}
                  aria-label={t("action.delete")}
                  onClick={() => remove(name)}
                />
              </Flex>
            ))}
            <Button icon={<PlusOutlined />} onClick={() => add({ value: "", label: "" })}>
              {t("tags.value_add")}
            </Button>
          </Flex>
        )}
      </Form.List>
    </Form.Item>
  );
}

function toValues(tag: Tag | null): Partial<Values> {
  if (!tag) return { kind: "static", colour: "default", value_mode: "flag", validity: "none" };
  return {
    kind: tag.kind,
    name: tag.name,
    key: tag.key,
    colour: tag.colour,
    description: tag.description,
    value_mode: tag.value_mode,
    allowed_values: tag.allowed_values.map(({ value, label }) => ({ value, label: label ?? "" })),
    validity: tag.valid_days !== null ? "days" : tag.valid_until !== null ? "until" : "none",
    ...(tag.group_id !== null && { group_id: tag.group_id }),
    ...(tag.owner_id !== null && { owner_id: tag.owner_id }),
    ...(tag.valid_days !== null && { valid_days: tag.valid_days }),
    ...(tag.valid_until !== null && { valid_until: dayjs(tag.valid_until) }),
  };
}

function toBody(values: Values, tag: Tag | null): Schemas["TagIn"] {
  const common = {
    name: values.name,
    key: values.key,
    group_id: values.group_id ?? null,
    colour: values.colour,
    owner_id: values.owner_id ?? null,
    description: values.description ?? "",
  };
  if ((tag?.kind ?? values.kind) === "computed") {
    return {
      ...common,
      kind: "computed",
      value_mode: tag?.value_mode ?? "flag",
      allowed_values: tag?.allowed_values ?? [],
      valid_days: null,
      valid_until: null,
    };
  }
  return {
    ...common,
    kind: "static",
    value_mode: values.value_mode,
    allowed_values: values.value_mode === "flag" ? [] : (values.allowed_values ?? []),
    valid_days: values.validity === "days" ? (values.valid_days ?? null) : null,
    valid_until: values.validity === "until" ? (values.valid_until?.format("YYYY-MM-DD") ?? null) : null,
  };
}
