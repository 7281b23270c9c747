import { Button, Drawer, Flex } from "antd";
import { useState } from "react";
import { toBody, toCondition } from "@/api/segments";
import type { TagRule, TagRulesBody } from "@/api/tags";
import { ConditionWorkbench } from "@/components/conditions/ConditionWorkbench";
import { useConditionEditor } from "@/components/conditions/use-editor";
import type { Live } from "@/components/conditions/use-live";
import { ErrorNotice } from "@/components/ErrorNotice";
import { useT } from "@/i18n";
import { RuleWords, valueProblem } from "./RuleWords";
import type { RuleText } from "./tags";

type Rules = TagRulesBody["rules"];
type Props = {
  rules: readonly TagRule[];
  /** Which of them is edited; null for a new one behind the others. */
  place: number | null;
  isSaving: boolean;
  error: unknown;
  onSave: (rules: Rules) => void;
  onClose: () => void;
};

/** One rule: what the value is called, and the condition in the editor with its live count. */
export function RuleDrawer({ rules, place, isSaving, error, onSave, onClose }: Props) {
  const t = useT();
  const present = place === null ? null : (rules[place] ?? null);
  const others = rules.filter((_, other) => other !== place);
  const [text, setText] = useState<RuleText>({
    value: present?.value ?? "",
    label: present && present.label !== present.value ? present.label : "",
  });
  const [live, setLive] = useState<Live | null>(null);
  const editor = useConditionEditor(present ? toCondition(present.condition) : null);
  const wrong = valueProblem(text.value, others);
  const isReady = !wrong && live !== null && !live.isCounting && live.problems.length === 0;
  const save = () => {
    const rule = { ...text, value: text.value.trim(), condition: toBody(editor.json) };
    onSave(place === null ? [...rules, rule] : rules.map((old, other) => (other === place ? rule : old)));
  };
  return (
    <Drawer
      open
      onClose={onClose}
      // Escape ends what one does in the editor; it must not throw the whole rule away, nor must a click beside it.
      keyboard={false}
      mask={{ closable: false }}
      size={1180}
      title={t(place === null ? "tags.rule_new" : "tags.rule_edit")}
      footer={
        <Flex justify="end" gap={8}>
          <Button onClick={onClose}>{t("action.cancel")}</Button>
          <Button type="primary" loading={isSaving} disabled={!isReady} onClick={save}>
            {t("action.save")}
          </Button>
        </Flex>
      }
    >
      {error !== null && <ErrorNotice error={error} style={{ marginBottom: 12 }} />}
      <RuleWords text={text} others={others} onChange={setText} />
      <ConditionWorkbench editor={editor} label={t("tags.rule_condition")} onLive={setLive} />
    </Drawer>
  );
}
