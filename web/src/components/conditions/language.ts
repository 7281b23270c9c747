/** The condition language as it is saved: the same words as the server's (see the reference page on conditions). */

export const LANGUAGE_VERSION = 1;

export type Unit = "minute" | "hour" | "day" | "week" | "month" | "year";
export type Span = { n: number; unit: Unit };
export type LastPeriod = { last: number; unit: Unit };
export type DatePeriod = { from?: string | null; to?: string | null };
export type Period = LastPeriod | DatePeriod;
export type Scalar = string | number | boolean;
/** Left out while it has not been chosen yet; the server then says so on the row. */
export type Value = Scalar | Scalar[] | Span;
/** An operator and what it compares with, of whatever operand. */
export type Test = { op: string; value?: Value };
export type FilterJson = Test & { column: string; property?: string };
export type Change = "difference" | "ratio";
export type MeasureJson = { name: string; where?: FilterJson[]; period?: Period; change?: Change };
export type StepJson = { source: string; where?: FilterJson[]; within?: Span; absent?: boolean };

export type FieldLeaf = Test & { field: string };
export type MeasureLeaf = Test & { measure: MeasureJson };
export type SegmentLeaf = { segment: string };
export type SequenceLeaf = { sequence: StepJson[]; period?: Period };
export type LeafJson = FieldLeaf | MeasureLeaf | SegmentLeaf | SequenceLeaf;
export type NodeJson = LeafJson | { all: NodeJson[] } | { any: NodeJson[] } | { not: NodeJson };
export type ConditionJson = { version: number; where: NodeJson };

export const isSpan = (value: Value | undefined): value is Span =>
  typeof value === "object" && !Array.isArray(value);

export const isLastPeriod = (period: Period | undefined): period is LastPeriod =>
  period !== undefined && "last" in period;
