import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button, Flex, Form, Input, Modal, Select, Switch } from "antd";
import { client, type Schemas, send } from "@/api/client";
import { ErrorNotice } from "@/components/ErrorNotice";
import { useFeedback } from "@/components/feedback";
import { useT, useWord } from "@/i18n";

type CustomField = Schemas["CustomFieldOut"];
type Values = Schemas["CustomFieldIn"];
type Option = Schemas["OptionIO"];
const TYPES: Schemas["ValueType"][] = [
  "text",
  "long_text",
  "number",
  "decimal",
  "date",
  "datetime",
  "boolean",
  "choice",
  "multi_choice",
];

/** Options that were removed from the form are archived, so that values that have them stay readable. */
export function mergeOptions(before: readonly Option[], after: readonly Option[]): Option[] {
  const kept = new Set(after.map((option) => option.value));
  const archived = before
    .filter((option) => !kept.has(option.value))
    .map((option) => ({ ...option, is_archived: true }));
  return [...after.map((option) => ({ ...option, is_archived: false })), ...archived];
}

export function FieldDialog({ edited, onClose }: { edited: CustomField | "new"; onClose: () => void }) {
  const t = useT();
  const word = useWord();
  const feedback = useFeedback();
  const queryClient = useQueryClient();
  const [form] = Form.useForm<Values>();
  const type = Form.useWatch("type", form) ?? (edited === "new" ? "text" : edited.type);
  const isChoice = type === "choice" || type === "multi_choice";
  const save = useMutation({
    mutationFn: async (values: Values) => {
      const options = isChoice ? (values.options ?? []) : [];
      if (edited === "new") {
        await send(
          client.POST("/api/v1/custom-fields", {
            body: { ...values, default: values.default || null, options: mergeOptions([], options) },
          }),
        );
        return;
      }
      await send(
        client.PATCH("/api/v1/custom-fields/{custom_field_id}", {
          params: { path: { custom_field_id: edited.id } },
          body: {
            label_zh: values.label_zh,
            label_en: values.label_en,
            is_required: values.is_required,
            default: values.default ?? "",
            options: isChoice ? mergeOptions(edited.options, options) : null,
          },
        }),
      );
    },
    onSuccess: () => {
      feedback.done(t("operators.saved"));
      queryClient.invalidateQueries({ queryKey: ["custom-fields"] });
      queryClient.invalidateQueries({ queryKey: ["customer-fields"] });
      queryClient.invalidateQueries({ queryKey: ["record-kinds"] });
      onClose();
    },
  });
  const initial: Partial<Values> =
    edited === "new"
      ? { type: "text", is_required: false, is_personal: false, options: [] }
      : { ...edited, options: edited.options.filter((option) => !option.is_archived) };

  return (
    <Modal
      open
      width={620}
      title={edited === "new" ? t("custom_fields.new") : edited.label_zh}
      okText={t("action.save")}
      confirmLoading={save.isPending}
      onOk={form.submit}
      onCancel={onClose}
    >
      <Form
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={initial}
        onFinish={(values) => save.mutate(values)}
      >
        {save.isError && <ErrorNotice error={save.error} style={{ marginBottom: 16 }} />}
        <div className="two-columns">
          <Form.Item
            name="label_zh"
            label={t("custom_fields.label_zh")}
            rules={[{ required: true, whitespace: true }]}
          >
            <Input maxLength={60} autoFocus />
          </Form.Item>
          <Form.Item
            name="label_en"
            label={t("custom_fields.label_en")}
            rules={[{ required: true, whitespace: true }]}
          >
            <Input maxLength={60} />
          </Form.Item>
          <Form.Item
            name="name"
            label={t("custom_fields.name")}
            extra={edited === "new" && t("custom_fields.name_rule")}
            rules={[{ required: true, pattern: /^[a-z][a-z0-9_]*$/, message: t("custom_fields.name_rule") }]}
          >
            <Input disabled={edited !== "new"} maxLength={40} spellCheck={false} className="mono" />
          </Form.Item>
          <Form.Item name="type" label={t("custom_fields.type")}>
            <Select
              disabled={edited !== "new"}
              options={TYPES.map((value) => ({ value, label: word("value_type", value) }))}
            />
          </Form.Item>
        </div>
        {isChoice && <Options />}
        <Form.Item name="default" label={t("custom_fields.default")}>
          <Input maxLength={200} />
        </Form.Item>
        <div className="two-columns">
          <Form.Item
            name="is_required"
            label={t("custom_fields.required")}
            extra={t("custom_fields.required_hint")}
            valuePropName="checked"
          >
            <Switch />
          </Form.Item>
          <Form.Item
            name="is_personal"
            label={t("custom_fields.personal")}
            extra={t("custom_fields.personal_hint")}
            valuePropName="checked"
          >
            <Switch disabled={edited !== "new"} />
          </Form.Item>
        </div>
      </Form>
    </Modal>
  );
}

function Options() {
  const t = useT();
  return (
    <Form.Item label={t("custom_fields.options")}>
      <Form.List
        name="options"
        rules={[
          {
            validator: (_, options: unknown[]) =>
              options.length > 0
                ? Promise.resolve()
                : Promise.reject(new Error(t("custom_fields.options_missing"))),
          },
        ]}
      >
        {(items, { add, remove }, { errors }) => (
          <Flex vertical gap={8}>
            {items.map(({ key, name }) => (
              <Flex key={key} gap={8}>
                {(["value", "label_zh", "label_en"] as const).map((part) => {
                  const label = t(part === "value" ? "custom_fields.option_value" : `custom_fields.${part}`);
                  return (
                    <Form.Item
                      key={part}
                      name={[name, part]}
                      noStyle
                      rules={[{ required: true, whitespace: true }]}
                    >
                      <Input placeholder={label} aria-label={label} maxLength={60} />
                    </Form.Item>
                  );
                })}
                <Button
                  type="text"
                  icon={<DeleteOutlined />}
                  aria-label={t("action.delete")}
                  onClick={() => remove(name)}
                />
              </Flex>
            ))}
            <Button icon={<PlusOutlined />} onClick={() => add({ value: "", label_zh: "", label_en: "" })}>
              {t("custom_fields.option_add")}
            </Button>
            <Form.ErrorList errors={errors} />
          </Flex>
        )}
      </Form.List>
    </Form.Item>
  );
}
