import { SwapOutlined } from "@ant-design/icons";
import { Button, Flex, Select } from "antd";
import { useWords } from "./context";
import { FilterList } from "./FilterList";
import type { Change, FieldLeaf, LeafJson, MeasureJson, MeasureLeaf, SegmentLeaf, Test } from "./language";
import { isLastPeriod } from "./language";
import { PeriodInput } from "./PeriodInput";
import { SequenceForm } from "./SequenceForm";
import { TestInput } from "./TestInput";

export type FormProps<L> = {
  leaf: L;
  onChange: (leaf: LeafJson, part: string) => void;
  /** Whether the server found something wrong at this place inside of the leaf. */
  isWrong: (tokens: string[]) => boolean;
};

type Props = FormProps<LeafJson> & { onChooseOperand: () => void };

/** The controls of one row, while it is edited. */
export function LeafForm({ leaf, onChooseOperand, ...rest }: Props) {
  if ("segment" in leaf) return <SegmentForm leaf={leaf} {...rest} />;
  if ("sequence" in leaf) return <SequenceForm leaf={leaf} {...rest} />;
  if ("measure" in leaf) return <MeasureForm leaf={leaf} {...rest} onChooseOperand={onChooseOperand} />;
  return <FieldForm leaf={leaf} {...rest} onChooseOperand={onChooseOperand} />;
}

function OperandButton({ label, onClick }: { label: string; onClick: () => void }) {
  const { t } = useWords().i18n;
  return (
    <Button
      icon={<SwapOutlined />}
      iconPlacement="end"
      onClick={onClick}
      aria-label={t("conditions.change_operand", { label })}
    >
      {label}
    </Button>
  );
}

type OperandProps<L> = FormProps<L> & { onChooseOperand: () => void };

function FieldForm({ leaf, onChange, isWrong, onChooseOperand }: OperandProps<FieldLeaf>) {
  const { catalogue } = useWords();
  const field = catalogue.field(leaf.field);
  const label = field?.label ?? leaf.field;
  return (
    <Flex wrap gap={6} align="center">
      <OperandButton label={label} onClick={onChooseOperand} />
      <TestInput
        test={leaf}
        subject={{
          kind: field?.kind ?? "text",
          options: field?.options ?? [],
          suggestFrom: field?.suggests ? { field: leaf.field } : null,
        }}
        onChange={(test, part) => onChange({ field: leaf.field, ...test }, part)}
        label={label}
        isWrong={(part) => isWrong([part])}
      />
    </Flex>
  );
}

function MeasureForm({ leaf, onChange, isWrong, onChooseOperand }: OperandProps<MeasureLeaf>) {
  const { catalogue, i18n } = useWords();
  const { t } = i18n;
  const { measure } = leaf;
  const known = catalogue.measure(measure.name);
  const label = known?.label ?? measure.name;
  const sources = known?.sources ?? [];
  const columns = (known?.columns ?? []).flatMap((name) => catalogue.column(sources, name) ?? []);
  const test: Test = leaf.value === undefined ? { op: leaf.op } : { op: leaf.op, value: leaf.value };
  const mayCompare = isLastPeriod(measure.period) && known?.kind === "number" && !measure.change;
  const setMeasure = (patch: Partial<MeasureJson>, part: string) =>
    onChange({ measure: cleaned({ ...measure, ...patch }), ...test }, part);
  return (
    <Flex vertical gap={8}>
      <Flex wrap gap={6} align="center">
        {known?.has_period !== false && (
          <PeriodInput
            period={measure.period}
            isWrong={isWrong(["measure", "period"])}
            onChange={(period) =>
              setMeasure({ period, ...(isLastPeriod(period) ? {} : { change: undefined }) }, "period")
            }
          />
        )}
        <OperandButton label={label} onClick={onChooseOperand} />
        {measure.change && (
          <Select<Change>
            aria-label={t("conditions.change")}
            allowClear
            value={measure.change}
            onChange={(change: Change | undefined) => setMeasure({ change }, "change")}
            options={[
              { value: "difference", label: t("conditions.change_difference") },
              { value: "ratio", label: t("conditions.change_ratio") },
            ]}
            popupMatchSelectWidth={false}
          />
        )}
        <TestInput
          test={test}
          subject={{
            kind: known?.kind ?? "number",
            options: [],
            suggestFrom: null,
            ...(known?.unit && measure.change !== "ratio" && { unit: known.unit }),
          }}
          onChange={(changed, part) => onChange({ measure, ...changed }, part)}
          label={label}
          isWrong={(part) => isWrong([part])}
        />
      </Flex>
      <FilterList
        filters={measure.where ?? []}
        columns={columns}
        source={sources[0] ?? ""}
        onChange={(where, part) => setMeasure({ where }, `where ${part}`)}
        isWrong={(tokens) => isWrong(["measure", "where", ...tokens])}
        more={
          mayCompare && (
            <Button size="small" type="dashed" onClick={() => setMeasure({ change: "difference" }, "change")}>
              {t("conditions.change")}
            </Button>
          )
        }
      />
    </Flex>
  );
}

/** What says nothing is not saved. */
function cleaned(measure: MeasureJson): MeasureJson {
  const { name, where, period, change } = measure;
  return {
    name,
    ...(where && where.length > 0 && { where }),
    ...(period && { period }),
    ...(change && { change }),
  };
}

function SegmentForm({ leaf, onChange, isWrong }: FormProps<SegmentLeaf>) {
  const { catalogue, i18n } = useWords();
  return (
    <Flex wrap gap={6} align="center">
      <span className="secondary">{i18n.t("conditions.member_of")}</span>
      <Select<string>
        showSearch={{ optionFilterProp: "label" }}
        aria-label={i18n.t("conditions.segment")}
        status={isWrong(["segment"]) ? "error" : undefined}
        value={leaf.segment || undefined}
        placeholder={i18n.t("conditions.choose")}
        onChange={(segment) => onChange({ segment }, "segment")}
        options={catalogue.answer.references.map(({ key, name }) => ({ value: key, label: name }))}
        popupMatchSelectWidth={false}
        className="cond-value"
      />
    </Flex>
  );
}
