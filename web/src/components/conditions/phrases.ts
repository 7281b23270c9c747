/** A leaf as a phrase, in parts that the row can set apart: names, values, and what is still to be chosen. */

import { formatNumber } from "@/components/values";
import type { I18n } from "@/i18n";
import type { Catalogue, Option, Takes } from "./catalogue";
import {
  type FilterJson,
  isLastPeriod,
  isSpan,
  type LeafJson,
  type MeasureLeaf,
  type Period,
  type Scalar,
  type SequenceLeaf,
  type Span,
  type StepJson,
  type Test,
  type Value,
} from "./language";
import { type Group, isGroup, type TreeNode } from "./tree";

export type Part = { text: string; tone?: "name" | "value" | "missing" };

const VALUES_SHOWN = 4;
const DECIMALS_SHOWN = 6;

/** What a value is compared as: its kind, and the words for its values. */
type Subject = { kind: string; options: readonly Option[]; unit?: string };

export type Words = { catalogue: Catalogue; i18n: I18n };

export function leafPhrase(leaf: LeafJson, words: Words): Part[] {
  const { catalogue, i18n } = words;
  if ("segment" in leaf) {
    const name = catalogue.referenceName(leaf.segment) ?? leaf.segment;
    return [{ text: i18n.t("conditions.member_of") }, name ? { text: name, tone: "value" } : missing(i18n)];
  }
  if ("sequence" in leaf) return sequencePhrase(leaf, words);
  if ("measure" in leaf) return measurePhrase(leaf, words);
  const field = catalogue.field(leaf.field);
  return [
    { text: field?.label ?? leaf.field, tone: "name" },
    ...testPhrase(leaf, { kind: field?.kind ?? "text", options: field?.options ?? [] }, words),
  ];
}

function measurePhrase(leaf: MeasureLeaf, words: Words): Part[] {
  const { catalogue, i18n } = words;
  const { measure } = leaf;
  const known = catalogue.measure(measure.name);
  const period: Part[] = measure.period ? [{ text: periodText(measure.period, words), tone: "value" }] : [];
  const name: Part[] = [
    { text: known?.label ?? measure.name, tone: "name" },
    ...wherePhrase(measure.where, known?.sources ?? [], words),
  ];
  const change: Part[] = measure.change ? [{ text: i18n.t(`conditions.change_${measure.change}`) }] : [];
  const subject = {
    kind: known?.kind ?? "number",
    options: [],
    unit: measure.change === "ratio" ? "" : known?.unit,
  };
  const operand = i18n.locale === "zh-CN" ? [...period, ...name] : [...name, ...period];
  return [...operand, ...change, ...testPhrase(leaf, subject, words)];
}

function sequencePhrase(leaf: SequenceLeaf, words: Words): Part[] {
  const { i18n } = words;
  const period: Part[] = leaf.period ? [{ text: periodText(leaf.period, words), tone: "value" }] : [];
  return [...period, ...leaf.sequence.flatMap((step, i) => stepPhrase(step, i, words, i18n))];
}

function stepPhrase(step: StepJson, index: number, words: Words, i18n: I18n): Part[] {
  const { catalogue } = words;
  const connection: Part[] = [];
  if (index === 0) connection.push({ text: i18n.t("conditions.step_first") });
  else if (step.absent) {
    const span = step.within ? spanText(step.within, words) : "…";
    connection.push({ text: i18n.t("conditions.step_absent", { span }) });
  } else if (step.within) {
    connection.push({ text: i18n.t("conditions.step_within", { span: spanText(step.within, words) }) });
  } else connection.push({ text: i18n.t("conditions.step_then") });
  return [
    ...connection,
    { text: catalogue.source(step.source)?.label ?? step.source, tone: "name" },
    ...wherePhrase(step.where, [step.source], words),
  ];
}

function wherePhrase(where: FilterJson[] | undefined, sources: readonly string[], words: Words): Part[] {
  if (!where || where.length === 0) return [];
  const { t } = words.i18n;
  const filters = where.map((filter) => filterPhrase(filter, sources, words));
  return [
    { text: t("conditions.where_open") },
    ...filters.flatMap((parts, i) => (i === 0 ? parts : [{ text: t("conditions.where_and") }, ...parts])),
    { text: t("conditions.where_close") },
  ];
}

function filterPhrase(filter: FilterJson, sources: readonly string[], words: Words): Part[] {
  const column = words.catalogue.column(sources, filter.column);
  const label = column?.label ?? filter.column;
  return [
    { text: filter.property ? `${label} ${filter.property}` : label },
    ...testPhrase(filter, { kind: column?.kind ?? "text", options: column?.options ?? [] }, words),
  ];
}

function testPhrase(test: Test, subject: Subject, words: Words): Part[] {
  const operator = words.catalogue.operator(subject.kind, test.op);
  const takes = operator?.takes ?? "one";
  const op: Part = {
    text: isPlain(test.op) ? words.i18n.t(`conditions.op_${test.op}`) : (operator?.label ?? test.op),
  };
  if (takes === "none") return [op];
  if (isIncomplete(takes, test.value)) return [op, missing(words.i18n)];
  const unit = subject.unit && (takes === "one" || takes === "two") ? ` ${subject.unit}` : "";
  return [op, { text: `${valueText(takes, test.value as Value, subject, words)}${unit}`, tone: "value" }];
}

/** In a list to choose from, "is one of these" is clearer; in a phrase with the values behind it, "is" says the same. */
const isPlain = (op: string): op is "in" | "not_in" => op === "in" || op === "not_in";

const missing = (i18n: I18n): Part => ({ text: i18n.t("conditions.value_missing"), tone: "missing" });

export function isIncomplete(takes: Takes, value: Value | undefined): boolean {
  if (takes === "none") return false;
  if (takes === "two") return !Array.isArray(value) || value.length !== 2 || value.includes("");
  if (takes === "list" || takes === "months") return !Array.isArray(value) || value.length === 0;
  return value === undefined || value === "";
}

function valueText(takes: Takes, value: Value, subject: Subject, words: Words): string {
  if (isSpan(value)) return spanText(value, words);
  const { i18n } = words;
  if (takes === "months")
    return joinValues(
      [value].flat().map((month) => monthText(Number(month), i18n)),
      i18n,
    );
  const label = (scalar: Scalar) => scalarText(scalar, subject, i18n);
  if (takes === "two" && Array.isArray(value)) return value.map(label).join(" ~ ");
  return joinValues([value].flat().map(label), i18n);
}

export function monthText(month: number, i18n: I18n): string {
  if (month === 0) return i18n.t("conditions.this_month");
  return new Intl.DateTimeFormat(i18n.locale, { month: "long" }).format(new Date(2024, month - 1, 1));
}

function scalarText(value: Scalar, subject: Subject, i18n: I18n): string {
  const option = subject.options.find((candidate) => candidate.value === value);
  if (option) return option.label;
  return subject.kind === "number" && typeof value !== "boolean"
    ? formatNumber(value, i18n.locale, DECIMALS_SHOWN)
    : String(value);
}

function joinValues(texts: string[], { t, locale }: I18n): string {
  const comma = locale === "zh-CN" ? "、" : ", ";
  const shown = texts.slice(0, VALUES_SHOWN).join(comma);
  return texts.length > VALUES_SHOWN ? t("conditions.and_more", { shown, count: texts.length }) : shown;
}

export function spanText(span: Span, { catalogue, i18n }: Words): string {
  return i18n.t("conditions.span", { n: span.n, unit: catalogue.unit(span.unit) });
}

export function periodText(period: Period, words: Words): string {
  const { t } = words.i18n;
  if (isLastPeriod(period)) {
    return t("conditions.in_last", { n: period.last, unit: words.catalogue.unit(period.unit) });
  }
  const { from, to } = period;
  if (from && to) return t("conditions.from_to", { from, to });
  if (from) return t("conditions.from", { from });
  return to ? t("conditions.to", { to }) : t("conditions.ever");
}

const OPENS = /[（(]$/;
const CLOSES = /^[）)；;，]/;
const FULL_WIDTH_EDGE = /[）；，]$/;

/** Whether a space stands before this part: not inside of brackets, and not beside full-width punctuation. */
export function hasSpaceBefore(parts: readonly Part[], index: number): boolean {
  const [before, part] = [parts[index - 1]?.text, parts[index]?.text];
  if (before === undefined || part === undefined) return false;
  return !OPENS.test(before) && !CLOSES.test(part) && !part.startsWith("（") && !FULL_WIDTH_EDGE.test(before);
}

export function joinParts(parts: readonly Part[]): string {
  return parts.map((part, i) => (hasSpaceBefore(parts, i) ? ` ${part.text}` : part.text)).join("");
}

/** The whole row in words, for those who hear it: what it is, whether it is negated, how much is in it. */
export function rowText(node: TreeNode, words: Words): string {
  const { i18n } = words;
  const text = isGroup(node) ? groupText(node, i18n) : joinParts(leafPhrase(node.leaf, words));
  return node.not % 2 === 1 && !isGroup(node) ? i18n.t("conditions.not_row", { text }) : text;
}

export function groupText(group: Group, { t }: I18n): string {
  return t(groupKey(group), { count: group.parts.length });
}

export function groupKey(group: Group) {
  const isNegated = group.not % 2 === 1;
  if (group.kind === "all") return isNegated ? "conditions.not_all_of" : "conditions.all_of";
  return isNegated ? "conditions.none_of" : "conditions.any_of";
}
