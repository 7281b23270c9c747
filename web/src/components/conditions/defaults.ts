/** What a new row or filter starts as: the usual operator and whatever value makes sense without asking. */
import type { Catalogue, Column, Field, Measure, Source, Takes } from "./catalogue";
import type { FilterJson, LeafJson, Span, Test, Value } from "./language";

const USUAL_SPAN: Span = { n: 30, unit: "day" };
const USUAL_PERIOD = { last: 90, unit: "day" } as const;

/** The value an operator starts with; what the person has to choose is left out. */
export function startValue(takes: Takes): Value | undefined {
  if (takes === "span") return USUAL_SPAN;
  if (takes === "list") return [];
  return takes === "months" ? [0] : undefined;
}

export function startTest(catalogue: Catalogue, kind: string): Test {
  const operator = catalogue.operators(kind)[0];
  return withValue(operator?.name ?? "eq", startValue(operator?.takes ?? "one"));
}

export const withValue = (op: string, value: Value | undefined): Test =>
  value === undefined ? { op } : { op, value };

/** Another operator; the value stays where the new one takes the same. */
export function changeOperator(catalogue: Catalogue, kind: string, test: Test, op: string): Test {
  const before = catalogue.operator(kind, test.op)?.takes;
  const after = catalogue.operator(kind, op)?.takes ?? "one";
  return withValue(op, before === after ? test.value : startValue(after));
}

export function startFilter(catalogue: Catalogue, column: Column): FilterJson {
  return { column: column.name, ...startTest(catalogue, column.kind) };
}

export const fieldLeaf = (catalogue: Catalogue, field: Field): LeafJson => ({
  field: field.name,
  ...startTest(catalogue, field.kind),
});

export const measureLeaf = (catalogue: Catalogue, measure: Measure): LeafJson => ({
  measure: { name: measure.name, ...(measure.has_period && { period: USUAL_PERIOD }) },
  ...startTest(catalogue, measure.kind),
});

/** "This, and then that within a week", of the same kind of fact until another is chosen. */
export const sequenceLeaf = (source: Source): LeafJson => ({
  sequence: [{ source: source.name }, { source: source.name, within: { n: 7, unit: "day" } }],
  period: USUAL_PERIOD,
});

/** Numbers are saved as numbers where that loses nothing, and as their digits otherwise. */
export function toNumber(text: string): number | string {
  const number = Number(text);
  return String(number) === text ? number : text;
}
