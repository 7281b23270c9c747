import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Flex, Select } from "antd";
import { useWords } from "./context";
import { FilterList } from "./FilterList";
import type { FormProps } from "./LeafForm";
import type { SequenceLeaf, Span, StepJson } from "./language";
import { PeriodInput } from "./PeriodInput";
import { SpanInput } from "./ValueInput";

const USUAL_SPAN: Span = { n: 7, unit: "day" };
const STEPS_MIN = 1;

/** Facts that follow each other: this first, then that within a week, then a third not. */
export function SequenceForm({ leaf, onChange, isWrong }: FormProps<SequenceLeaf>) {
  const { catalogue, i18n } = useWords();
  const { sequence, period } = leaf;
  const setSteps = (steps: StepJson[], part: string) =>
    onChange({ sequence: steps, ...(period && { period }) }, part);
  const source = sequence[0]?.source ?? "";
  return (
    <Flex vertical gap={8} align="start">
      <PeriodInput
        period={period}
        isWrong={isWrong(["period"])}
        onChange={(changed) => onChange({ sequence, ...(changed && { period: changed }) }, "period")}
      />
      <ol className="cond-steps">
        {sequence.map((step, i) => (
          <StepForm
            key={i}
            step={step}
            index={i}
            isLast={i === sequence.length - 1}
            canRemove={sequence.length > STEPS_MIN}
            onChange={(changed, part) => setSteps(sequence.toSpliced(i, 1, changed), `${i} ${part}`)}
            onRemove={() => setSteps(withFirst(sequence.toSpliced(i, 1)), "remove")}
            isWrong={(tokens) => isWrong(["sequence", String(i), ...tokens])}
          />
        ))}
      </ol>
      <Button
        size="small"
        type="dashed"
        icon={<PlusOutlined />}
        disabled={sequence.length >= catalogue.answer.limits.steps}
        onClick={() => setSteps([...present(sequence), { source, within: USUAL_SPAN }], "add")}
      >
        {i18n.t("conditions.add_step")}
      </Button>
    </Flex>
  );
}

/** The first step follows nothing. */
function withFirst(steps: StepJson[]): StepJson[] {
  return steps.map((step, i) => {
    if (i > 0) return step;
    const { source, where } = step;
    return { source, ...(where && { where }) };
  });
}

/** Only the last step may be one that did not happen. */
const present = (steps: StepJson[]): StepJson[] => steps.map(({ absent: _, ...step }) => step);

type StepProps = {
  step: StepJson;
  index: number;
  isLast: boolean;
  canRemove: boolean;
  onChange: (step: StepJson, part: string) => void;
  onRemove: () => void;
  isWrong: (tokens: string[]) => boolean;
};

type Link = "after" | "within" | "absent";

function StepForm({ step, index, isLast, canRemove, onChange, onRemove, isWrong }: StepProps) {
  const { catalogue, i18n } = useWords();
  const { t } = i18n;
  const source = catalogue.source(step.source);
  const sources = catalogue.answer.sources.filter((candidate) => candidate.has_moment);
  const base = { source: step.source, ...(step.where && { where: step.where }) };
  const link: Link = step.absent ? "absent" : step.within ? "within" : "after";
  const setLink = (wanted: Link, within = step.within ?? USUAL_SPAN) => {
    if (wanted === "after") onChange(base, "link");
    else onChange({ ...base, within, ...(wanted === "absent" && { absent: true }) }, "within");
  };
  const links: Link[] = isLast ? ["within", "after", "absent"] : ["within", "after"];
  return (
    <li>
      <Flex wrap gap={6} align="center">
        {index === 0 ? (
          <span className="secondary">{t("conditions.step_first")}</span>
        ) : (
          <>
            {link !== "after" && (
              <SpanInput
                label={t("conditions.step_span")}
                span={step.within}
                isWrong={isWrong(["within"])}
                onChange={(span) => setLink(link, span)}
              />
            )}
            <Select<Link>
              aria-label={t("conditions.step_link")}
              value={link}
              onChange={(wanted) => setLink(wanted)}
              options={links.map((name) => ({ value: name, label: t(`conditions.link_${name}`) }))}
              popupMatchSelectWidth={false}
            />
          </>
        )}
        <Select<string>
          aria-label={t("conditions.step_source")}
          status={isWrong(["source"]) ? "error" : undefined}
          value={step.source}
          onChange={(name) => onChange({ ...step, where: undefined, source: name }, "source")}
          options={sources.map(({ name, label }) => ({ value: name, label }))}
          popupMatchSelectWidth={false}
          style={{ minWidth: 120 }}
        />
        {canRemove && (
          <Button
            type="text"
            size="small"
            icon={<DeleteOutlined />}
            aria-label={t("conditions.remove_step", { n: index + 1 })}
            onClick={onRemove}
          />
        )}
      </Flex>
      <FilterList
        filters={step.where ?? []}
        columns={source?.columns ?? []}
        source={step.source}
        onChange={(where, part) =>
          onChange({ ...step, where: where.length > 0 ? where : undefined }, `where ${part}`)
        }
        isWrong={(tokens) => isWrong(["where", ...tokens])}
      />
    </li>
  );
}
