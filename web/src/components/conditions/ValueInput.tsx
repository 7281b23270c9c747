import { DatePicker, Flex, Input, InputNumber, Select } from "antd";
import dayjs from "dayjs";
import type { Option, Takes } from "./catalogue";
import { useWords } from "./context";
import { toNumber } from "./defaults";
import { isSpan, type Scalar, type Span, type Unit, type Value } from "./language";
import { monthText } from "./phrases";
import { SuggestedValues, type SuggestFrom } from "./SuggestedValues";

const DAY = "YYYY-MM-DD";
const MONTHS = Array.from({ length: 13 }, (_, month) => month);
const UNITS: Unit[] = ["day", "week", "month", "year", "hour", "minute"];
/** A day of the year comes round in days or weeks. */
const DAYS: Unit[] = ["day", "week"];

export type Subject = {
  kind: string;
  options: readonly Option[];
  suggestFrom: SuggestFrom | null;
  unit?: string;
};

type Props = {
  subject: Subject;
  op: string;
  takes: Takes;
  value: Value | undefined;
  onChange: (value: Value | undefined) => void;
  label: string;
  isWrong: boolean;
};

/** The control that fits what the operator takes and what is compared. */
export function ValueInput(props: Props) {
  const { takes, value, onChange } = props;
  const { i18n } = useWords();
  if (takes === "none") return null;
  if (takes === "span") {
    return (
      <SpanInput
        span={isSpan(value) ? value : undefined}
        onChange={onChange}
        label={props.label}
        isWrong={props.isWrong}
        units={props.op.startsWith("anniversary") ? DAYS : UNITS}
      />
    );
  }
  if (takes === "months") {
    return (
      <Select
        mode="multiple"
        aria-label={props.label}
        status={props.isWrong ? "error" : undefined}
        value={Array.isArray(value) ? value.map(Number) : []}
        onChange={(months: number[]) => onChange(months)}
        options={MONTHS.map((month) => ({ value: month, label: monthText(month, i18n) }))}
        className="cond-value"
      />
    );
  }
  if (takes === "two") return <TwoValues {...props} />;
  if (takes === "list") {
    const values = Array.isArray(value) ? value.map(String) : [];
    return (
      <SuggestedValues
        values={values}
        onChange={onChange}
        options={props.subject.options}
        from={props.subject.suggestFrom}
        isFree={props.subject.kind !== "choice"}
        label={props.label}
        isWrong={props.isWrong}
      />
    );
  }
  const scalar = Array.isArray(value) || isSpan(value) ? undefined : value;
  return <OneValue {...props} value={scalar} />;
}

type OneProps = Omit<Props, "value" | "onChange"> & {
  value: Scalar | undefined;
  onChange: (value: Scalar | undefined) => void;
};

function OneValue({ subject, value, onChange, label, isWrong }: OneProps) {
  const status = isWrong ? "error" : undefined;
  if (subject.kind === "number") {
    return <NumberInput {...{ value, onChange, label, isWrong }} unit={subject.unit} />;
  }
  if (subject.kind === "date" || subject.kind === "moment") {
    const day = typeof value === "string" && value ? dayjs(value) : null;
    return (
      <DatePicker
        aria-label={label}
        status={status}
        value={day}
        onChange={(chosen) => onChange(chosen ? chosen.format(DAY) : undefined)}
      />
    );
  }
  return (
    <Input
      aria-label={label}
      status={status}
      value={value === undefined ? "" : String(value)}
      onChange={(event) => onChange(event.target.value || undefined)}
      className="cond-value"
    />
  );
}

type NumberProps = {
  value: Scalar | undefined;
  onChange: (value: Scalar | undefined) => void;
  label: string;
  isWrong: boolean;
  unit?: string | undefined;
};

function NumberInput({ value, onChange, label, isWrong, unit }: NumberProps) {
  return (
    <InputNumber<string>
      stringMode
      aria-label={label}
      status={isWrong ? "error" : undefined}
      value={value === undefined ? null : String(value)}
      onChange={(text) => onChange(text === null || text === "" ? undefined : toNumber(text))}
      suffix={unit || undefined}
      style={{ width: unit ? 140 : 110 }}
    />
  );
}

function TwoValues({ subject, value, onChange, label, isWrong }: Props) {
  const { t } = useWords().i18n;
  const [low, high] = Array.isArray(value) ? value : [];
  if (subject.kind === "number") {
    const set = (first: Scalar | undefined, second: Scalar | undefined) =>
      onChange(first === undefined && second === undefined ? undefined : [first ?? "", second ?? ""]);
    const orNothing = (side: Scalar | undefined) => (side === "" ? undefined : side);
    return (
      <Flex gap={6} align="center">
        <NumberInput
          value={orNothing(low)}
          onChange={(first) => set(first, high)}
          label={t("conditions.at_least", { label })}
          isWrong={isWrong}
        />
        ~
        <NumberInput
          value={orNothing(high)}
          onChange={(second) => set(low, second)}
          label={t("conditions.at_most", { label })}
          isWrong={isWrong}
          unit={subject.unit}
        />
      </Flex>
    );
  }
  return (
    <DatePicker.RangePicker
      aria-label={label}
      status={isWrong ? "error" : undefined}
      value={[low ? dayjs(String(low)) : null, high ? dayjs(String(high)) : null]}
      onChange={(days) =>
        onChange(days?.[0] && days[1] ? [days[0].format(DAY), days[1].format(DAY)] : undefined)
      }
    />
  );
}

type SpanProps = {
  span: Span | undefined;
  onChange: (span: Span) => void;
  label: string;
  isWrong?: boolean;
  units?: Unit[];
};

export function SpanInput({ span, onChange, label, isWrong, units = UNITS }: SpanProps) {
  const { catalogue, i18n } = useWords();
  const { n, unit } = span ?? { n: 0, unit: "day" as Unit };
  const shown = units.includes(unit) ? units : [...units, unit];
  return (
    <Flex gap={6}>
      <InputNumber<number>
        aria-label={label}
        status={isWrong ? "error" : undefined}
        min={0}
        precision={0}
        value={n}
        onChange={(number) => onChange({ n: number ?? 0, unit })}
        style={{ width: 84 }}
      />
      <Select<Unit>
        aria-label={i18n.t("conditions.unit")}
        value={unit}
        onChange={(chosen) => onChange({ n, unit: chosen })}
        options={shown.map((name) => ({ value: name, label: catalogue.unit(name) }))}
        style={{ minWidth: 92 }}
      />
    </Flex>
  );
}
