import type { Distribution } from "@/api/segments";

export type Bar = {
  value: string;
  label: string;
  /** Shares of all members and of everybody. */
  members: number;
  everybody: number;
  /** Lengths in percent of the longest bar. */
  membersWidth: number;
  everybodyWidth: number;
  /** How much more often among members; null when nobody else has it. */
  ratio: number | null;
};

const PERCENT = 100;
const WITHOUT = "\u0000without";
const USUAL_COUNT = 4;
const SHORT_KINDS = new Set(["choice", "boolean", "number", "texts"]);

/** Bars of one field; people without a value are a bar of their own, so that each colour sums to all people. */
export function barsOf(distribution: Distribution, without: string): Bar[] {
  const bins = [...distribution.bins];
  if (distribution.members_without + distribution.everybody_without > 0) {
    bins.push({
      value: WITHOUT,
      label: without,
      members: distribution.members_without,
      everybody: distribution.everybody_without,
    });
  }
  const share = (count: number, of: number) => (of === 0 ? 0 : count / of);
  const shares = bins.map(({ value, label, members, everybody }) => ({
    value,
    label,
    members: share(members, distribution.members),
    everybody: share(everybody, distribution.everybody),
  }));
  const longest = Math.max(...shares.flatMap(({ members, everybody }) => [members, everybody]), 0) || 1;
  return shares.map((bar) => ({
    ...bar,
    membersWidth: (PERCENT * bar.members) / longest,
    everybodyWidth: (PERCENT * bar.everybody) / longest,
    ratio: bar.everybody === 0 ? null : bar.members / bar.everybody,
  }));
}

/** What one looks at first: a few fields whose values are few. */
export function usualFields(fields: readonly { name: string; kind: string }[]): string[] {
  const short = fields.filter(({ kind }) => SHORT_KINDS.has(kind));
  return (short.length > 0 ? short : fields).slice(0, USUAL_COUNT).map(({ name }) => name);
}
