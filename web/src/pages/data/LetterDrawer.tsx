import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Alert, AutoComplete, Button, Drawer, Flex, Form, Select, Tag, Typography } from "antd";
import { useState } from "react";
import { client, type Schemas, send } from "@/api/client";
import type { RecordKind } from "@/api/imports";
import { replayLetters } from "@/api/letters";
import { ErrorNotice } from "@/components/ErrorNotice";
import { useFeedback } from "@/components/feedback";
import { useT } from "@/i18n";
import { replayText } from "./LetterActions";
import { useLabel } from "./labels";

type Letter = Schemas["DeadLetterOut"];
type Props = { letter: Letter | null; kind: RecordKind | undefined; onClose: () => void };

export function LetterDrawer({ letter, kind, onClose }: Props) {
  const t = useT();
  return (
    <Drawer
      open={letter !== null}
      onClose={onClose}
      size={640}
      title={letter && `${letter.file_name} · ${t("letters.row")} ${letter.number}`}
      destroyOnHidden
    >
      {letter && <LetterEditor key={letter.id} letter={letter} kind={kind} onDone={onClose} />}
    </Drawer>
  );
}

/** What was edited: only changed texts are sent, an emptied one as null. */
export function changedValues(
  before: Record<string, string>,
  after: Record<string, string>,
): Record<string, string | null> {
  const changed: Record<string, string | null> = {};
  for (const [field, text] of Object.entries(after)) {
    if (text !== (before[field] ?? "")) changed[field] = text === "" ? null : text;
  }
  return changed;
}

function LetterEditor({
  letter,
  kind,
  onDone,
}: {
  letter: Letter;
  kind: RecordKind | undefined;
  onDone: () => void;
}) {
  const t = useT();
  const label = useLabel();
  const feedback = useFeedback();
  const queryClient = useQueryClient();
  const [values, setValues] = useState<Record<string, string>>({
    ...(letter.rejection.field ? { [letter.rejection.field]: "" } : {}),
    ...letter.values,
  });
  const [rejection, setRejection] = useState(letter.rejection);
  const refresh = () => queryClient.invalidateQueries({ queryKey: ["dead-letters"] });

  async function save(): Promise<Schemas["RejectionOut"] | null> {
    const changed = changedValues(letter.values, values);
    if (Object.keys(changed).length === 0) return null;
    const mended = await send(
      client.PATCH("/api/v1/dead-letters/{dead_letter_id}", {
        params: { path: { dead_letter_id: letter.id } },
        body: { values: changed },
      }),
    );
    if (mended.rejection) setRejection(mended.rejection);
    return mended.rejection;
  }
  const saveOnly = useMutation({
    mutationFn: save,
    onSuccess: (still) => {
      if (!still) feedback.done(t("letters.ready"));
      refresh();
    },
  });
  const saveAndReplay = useMutation({
    mutationFn: async () => {
      const still = await save();
      return still ? null : replayLetters({ ids: [letter.id], all: false });
    },
    onSuccess: (result) => {
      refresh();
      if (!result) return;
      feedback.done(replayText(t, result));
      queryClient.invalidateQueries();
      onDone();
    },
  });
  const fields = kind?.fields ?? [];
  const shown = fields.filter((field) => field.name in values);
  const unknown = Object.keys(values).filter((name) => !fields.some((field) => field.name === name));

  return (
    <Flex vertical gap={16}>
      <Alert type="warning" showIcon title={t("letters.still", { reason: rejection.message })} />
      {letter.is_masked && <Alert type="info" showIcon title={t("letters.masked")} />}
      {(saveOnly.isError || saveAndReplay.isError) && (
        <ErrorNotice error={saveOnly.error ?? saveAndReplay.error} />
      )}
      <Form layout="vertical" component="div" requiredMark={false}>
        {[...shown.map((field) => field.name), ...unknown].map((name) => {
          const field = fields.find((candidate) => candidate.name === name);
          const isWrong = rejection.field === name;
          return (
            <Form.Item
              key={name}
              htmlFor={`letter-${name}`}
              label={
                <>
                  {field ? label(field.label) : name}
                  {letter.mended.includes(name) && (
                    <Tag color="processing" style={{ marginInlineStart: 8 }}>
                      {t("letters.mended")}
                    </Tag>
                  )}
                </>
              }
              validateStatus={isWrong ? "error" : undefined}
              help={isWrong ? rejection.message : undefined}
              style={{ marginBottom: 12 }}
            >
              <AutoComplete
                id={`letter-${name}`}
                value={values[name]}
                disabled={letter.is_masked && (field?.is_personal ?? true)}
                options={field?.choices.map((choice) => ({ value: choice }))}
                onChange={(text: string) => setValues((old) => ({ ...old, [name]: text ?? "" }))}
              />
            </Form.Item>
          );
        })}
      </Form>
      <Select
        showSearch={{ optionFilterProp: "label" }}
        aria-label={t("letters.add_field")}
        placeholder={t("letters.add_field")}
        value={null}
        onChange={(name: string | null) => name && setValues((old) => ({ ...old, [name]: "" }))}
        options={fields
          .filter((field) => !(field.name in values))
          .map((field) => ({ value: field.name, label: label(field.label) }))}
        style={{ width: 240 }}
      />
      <Flex gap={8} wrap>
        <Button type="primary" loading={saveAndReplay.isPending} onClick={() => saveAndReplay.mutate()}>
          {t("letters.save_replay")}
        </Button>
        <Button loading={saveOnly.isPending} onClick={() => saveOnly.mutate()}>
          {t("letters.save")}
        </Button>
      </Flex>
      {letter.raw && <RawRow raw={letter.raw} />}
    </Flex>
  );
}

function RawRow({ raw }: { raw: Record<string, string> }) {
  const t = useT();
  return (
    <div>
      <Typography.Title level={3} style={{ fontSize: 14 }}>
        {t("letters.raw")}
      </Typography.Title>
      <table className="plain-table">
        <tbody>
          {Object.entries(raw).map(([column, text]) => (
            <tr key={column}>
              <th scope="row" style={{ width: "40%" }}>
                {column}
              </th>
              <td className="wrap-anywhere">{text}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
