import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, DatePicker, Flex, Form, Input, InputNumber, Modal, Radio, Select } from "antd";
import dayjs, { type Dayjs } from "dayjs";
import { client, type Schemas, send } from "@/api/client";
import { actorsQuery } from "@/api/names";
import { type Tag, tagsQuery } from "@/api/tags";
import { ErrorNotice } from "@/components/ErrorNotice";
import { useFeedback } from "@/components/feedback";
import { useT } from "@/i18n";
import { TagChip } from "./TagChip";

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
const DAYS_MAX = 36_500;

type Values = {
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

/** Makes a tag, or changes one. */
export function TagDialog({ tag, onClose }: { tag: Tag | null; onClose: () => void }) {
  const t = useT();
  const feedback = useFeedback();
  const queryClient = useQueryClient();
  const [form] = Form.useForm<Values>();
  const mode = Form.useWatch("value_mode", form) ?? tag?.value_mode ?? "flag";
  const save = useMutation({
    mutationFn: (values: Values) => {
      const body = toBody(values, tag?.kind ?? "static");
      return tag
        ? send(client.PATCH("/api/v1/tags/{tag_id}", { params: { path: { tag_id: tag.id } }, body }))
        : send(client.POST("/api/v1/tags", { body }));
    },
    onSuccess: () => {
      feedback.done(t("tags.saved"));
      queryClient.invalidateQueries({ queryKey: ["tags"] });
      queryClient.invalidateQueries({ queryKey: ["tag"] });
      onClose();
    },
  });
  return (
    <Modal
      open
      width={640}
      title={t(tag ? "tags.edit" : "tags.new")}
      okText={t("action.save")}
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
          <Form.Item name="value_mode" label={t("tags.mode")}>
            <Select options={MODES.map((value) => ({ value, label: t(`tag_mode.${value}`) }))} />
          </Form.Item>
        </div>
        {mode !== "flag" && <AllowedValues />}
        <ValidityItems />
        <Form.Item name="description" label={t("tags.description")}>
          <Input.TextArea maxLength={1000} autoSize={{ minRows: 2, maxRows: 6 }} />
        </Form.Item>
        {tag && <span className="secondary">{t("tags.in_use_hint")}</span>}
      </Form>
    </Modal>
  );
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
  if (!tag) return { colour: "default", value_mode: "flag", validity: "none" };
  return {
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

function toBody(values: Values, kind: Tag["kind"]): Schemas["TagIn"] {
  return {
    kind,
    name: values.name,
    key: values.key,
    group_id: values.group_id ?? null,
    colour: values.colour,
    owner_id: values.owner_id ?? null,
    description: values.description ?? "",
    value_mode: values.value_mode,
    allowed_values: values.value_mode === "flag" ? [] : (values.allowed_values ?? []),
    valid_days: values.validity === "days" ? (values.valid_days ?? null) : null,
    valid_until: values.validity === "until" ? (values.valid_until?.format("YYYY-MM-DD") ?? null) : null,
  };
}
