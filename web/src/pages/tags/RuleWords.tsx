import { Form, Input } from "antd";
import { useId } from "react";
import { type Translate, useT } from "@/i18n";
import type { RuleText } from "./tags";

const VALUE_MAX = 100;

type Problem = Parameters<Translate>[0];

/** Why a value cannot be that of a rule beside the others. */
export function valueProblem(value: string, others: readonly { value: string }[]): Problem | null {
  if (value.trim() === "") return others.length > 0 ? "tags.rule_value_needed" : null;
  return others.some((other) => other.value === value.trim()) ? "tags.rule_value_taken" : null;
}

type Props = {
  text: RuleText;
  others: readonly { value: string }[];
  onChange: (text: RuleText) => void;
};

/** What the value of a rule is, and how pages call it. */
export function RuleWords({ text, others, onChange }: Props) {
  const t = useT();
  const id = useId();
  const wrong = valueProblem(text.value, others);
  return (
    <Form layout="vertical" component="div" className="two-columns">
      <Form.Item
        label={t("tags.rule_value")}
        required={others.length > 0}
        htmlFor={`${id}value`}
        validateStatus={wrong ? "error" : undefined}
        help={wrong ? t(wrong) : undefined}
        extra={others.length === 0 ? t("tags.rule_value_hint") : undefined}
      >
        <Input
          id={`${id}value`}
          maxLength={VALUE_MAX}
          value={text.value}
          onChange={(event) => onChange({ ...text, value: event.target.value })}
        />
      </Form.Item>
      <Form.Item label={t("tags.value_label")} htmlFor={`${id}label`}>
        <Input
          id={`${id}label`}
          maxLength={VALUE_MAX}
          disabled={text.value.trim() === ""}
          value={text.label}
          onChange={(event) => onChange({ ...text, label: event.target.value })}
        />
      </Form.Item>
    </Form>
  );
}
