import { PlusOutlined } from "@ant-design/icons";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Button, Flex, Form, Input, Modal, Select } from "antd";
import { useState } from "react";
import { client, type Schemas, send } from "@/api/client";
import { ProblemError } from "@/api/problem";
import { ErrorNotice } from "@/components/ErrorNotice";
import { useFeedback } from "@/components/feedback";
import { useT, useWord } from "@/i18n";
import { IDENTIFIER_KINDS } from "./filters";

type Values = { name?: string; kind: Schemas["IdentifierKind"]; value?: string; city?: string };

/** The id of the customer who has the identifier already, when the server names one. */
function existingId(error: unknown): string | null {
  const id = error instanceof ProblemError ? error.problem.values?.customer_id : null;
  return typeof id === "string" ? id : null;
}

export function NewCustomer() {
  const t = useT();
  const word = useWord();
  const navigate = useNavigate();
  const feedback = useFeedback();
  const queryClient = useQueryClient();
  const [isOpen, setIsOpen] = useState(false);
  const [form] = Form.useForm<Values>();
  const open = (customerId: string) =>
    navigate({ to: "/customers/$customerId", params: { customerId }, search: {} });
  const create = useMutation({
    mutationFn: ({ name, kind, value, city }: Values) =>
      send(
        client.POST("/api/v1/customers", {
          body: {
            identifiers: value?.trim() ? [{ kind, value: value.trim(), scope: "" }] : [],
            values: {
              ...(name?.trim() ? { name: name.trim() } : {}),
              ...(city?.trim() ? { city: city.trim() } : {}),
            },
          },
        }),
      ),
    onSuccess: ({ id }) => {
      feedback.done(t("customers.created"));
      queryClient.invalidateQueries({ queryKey: ["customers"] });
      open(id);
    },
  });
  const existing = existingId(create.error);
  return (
    <>
      <Button icon={<PlusOutlined />} onClick={() => setIsOpen(true)}>
        {t("customers.new")}
      </Button>
      <Modal
        open={isOpen}
        title={t("customers.new")}
        okText={t("action.save")}
        confirmLoading={create.isPending}
        onOk={form.submit}
        onCancel={() => setIsOpen(false)}
        destroyOnHidden
      >
        <Form
          form={form}
          layout="vertical"
          requiredMark={false}
          preserve={false}
          initialValues={{ kind: "phone" }}
          onFinish={(values) => create.mutate(values)}
        >
          {create.isError && <ErrorNotice error={create.error} style={{ marginBottom: 16 }} />}
          {existing && (
            <Button type="link" onClick={() => open(existing)} style={{ padding: 0, marginBottom: 16 }}>
              {t("customers.open_existing")}
            </Button>
          )}
          <Form.Item name="name" label={t("operators.display_name")}>
            <Input maxLength={200} autoFocus autoComplete="off" />
          </Form.Item>
          <Form.Item label={t("customers.new_identifier")} extra={t("customers.new_identifier_text")}>
            <Flex gap={8}>
              <Form.Item name="kind" noStyle>
                <Select
                  aria-label={t("identities.kind")}
                  options={IDENTIFIER_KINDS.map((kind) => ({
                    value: kind,
                    label: word("identifier_kind", kind),
                  }))}
                  style={{ width: 170 }}
                />
              </Form.Item>
              <Form.Item name="value" noStyle>
                <Input aria-label={t("identities.value")} maxLength={200} autoComplete="off" />
              </Form.Item>
            </Flex>
          </Form.Item>
          <Form.Item name="city" label={t("customers.city")}>
            <Input maxLength={200} autoComplete="off" />
          </Form.Item>
        </Form>
      </Modal>
    </>
  );
}
