import { Select } from "antd";
import { useWords } from "./context";
import { changeOperator } from "./defaults";
import type { Test } from "./language";
import { isIncomplete } from "./phrases";
import { type Subject, ValueInput } from "./ValueInput";

type Props = {
  test: Test;
  subject: Subject;
  /** `part` names what changed, so that typing is one step of undo. */
  onChange: (test: Test, part: "op" | "value") => void;
  label: string;
  /** Whether a problem of the server is about the operator or the value. */
  isWrong: (part: "op" | "value") => boolean;
};

/** An operator and what it compares with. */
export function TestInput({ test, subject, onChange, label, isWrong }: Props) {
  const { catalogue, i18n } = useWords();
  const operators = catalogue.operators(subject.kind);
  const takes = catalogue.operator(subject.kind, test.op)?.takes ?? "one";
  return (
    <>
      <Select<string>
        aria-label={i18n.t("conditions.operator_of", { label })}
        status={isWrong("op") ? "error" : undefined}
        value={test.op}
        onChange={(op) => onChange(changeOperator(catalogue, subject.kind, test, op), "op")}
        options={operators.map((operator) => ({ value: operator.name, label: operator.label }))}
        popupMatchSelectWidth={false}
        style={{ minWidth: 96 }}
      />
      <span className="cond-test-value">
        <ValueInput
          subject={subject}
          op={test.op}
          takes={takes}
          value={test.value}
          onChange={(value) =>
            onChange(value === undefined ? { op: test.op } : { op: test.op, value }, "value")
          }
          label={i18n.t("conditions.value_of", { label })}
          isWrong={isWrong("value") || isIncomplete(takes, test.value)}
        />
      </span>
    </>
  );
}
