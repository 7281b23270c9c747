/** RFM scores as people read them: limits, colours, and whether an edited model holds together. */
import type { Binning, Region, RfmBody, RfmModel } from "@/api/blueprints";

export const DIMENSIONS = ["recency", "frequency", "monetary"] as const;
export type Dimension = (typeof DIMENSIONS)[number];
export const SCORES = [2, 3, 4, 5] as const;
/** As many regions as the server keeps. */
export const REGIONS_MAX = 30;
export const KEY_PATTERN = /^[a-z][a-z0-9_]{0,59}$/;

/** Values above `over` up to and including `upTo`; an end that is null is open. */
export type Range = { over: string | null; upTo: string | null };

/** What a score means; null while there are no limits. Fewer days since the last order score higher. */
export function rangeOf(
  dimension: Dimension,
  score: number,
  scores: number,
  limits: readonly string[],
): Range | null {
  if (limits.length !== scores - 1) return null;
  const place = dimension === "recency" ? scores - score : score - 1;
  return { over: limits[place - 1] ?? null, upTo: limits[place] ?? null };
}

/** Equal limits leave nothing between them: everybody with that value has one score. */
export function isEmptyRange({ over, upTo }: Range): boolean {
  return over !== null && upTo !== null && Number(over) >= Number(upTo);
}

/** The whole numbers of a range from 0 on; null where there are none or the limits are no whole numbers. */
export function wholeCounts({ over, upTo }: Range): { from: number; to: number | null } | null {
  const from = over === null ? 0 : Number(over) + 1;
  const to = upTo === null ? null : Number(upTo);
  if (!Number.isInteger(from) || (to !== null && (!Number.isInteger(to) || to < from))) return null;
  return { from, to };
}

export type Step = { from: number; to: number; level: number };
const LEVELS = 5;

/** The colours of the map: none for nobody, then up to five equal parts of the largest cell. */
export function colourSteps(largest: number): Step[] {
  const count = Math.min(LEVELS, largest);
  const ends = Array.from({ length: count }, (_, index) => Math.ceil((largest * (index + 1)) / count));
  const steps = ends.map((to, index) => ({ from: (ends[index - 1] ?? 0) + 1, to, level: index + 1 }));
  return [{ from: 0, to: 0, level: 0 }, ...steps];
}

export function levelOf(people: number, steps: readonly Step[]): number {
  return steps.find((step) => people <= step.to)?.level ?? LEVELS;
}

/** From high to low, as the rows of the map go. */
export function scoresDown(scores: number): number[] {
  return Array.from({ length: scores }, (_, index) => scores - index);
}

export function scoresUp(scores: number): number[] {
  return scoresDown(scores).reverse();
}

export function nextCalibration(model: RfmModel): Date | null {
  const isTaken = DIMENSIONS.some((dimension) => model.scales[dimension]?.binning === "quantile");
  if (!isTaken || !model.calibrated_at) return null;
  const next = new Date(model.calibrated_at);
  next.setDate(next.getDate() + model.recalibrate_days);
  return next;
}

// --- editing ---------------------------------------------------------------------------------------------------------

export type DraftScale = { binning: Binning; limits: string[] };
/** A region with a number of its own, by which its row is known while it is moved and renamed. */
export type DraftRegion = Region & { id: number };
export type Draft = Omit<RfmBody, "scales" | "regions"> & {
  scales: Record<Dimension, DraftScale>;
  regions: DraftRegion[];
};

/** The model as it is edited. Limits of quantiles are kept, as what one starts from when setting them by hand. */
export function toDraft(model: RfmModel): Draft {
  const { version, scores, period_days, recalibrate_days, regions } = model;
  const scaleOf = (dimension: Dimension): DraftScale => {
    const scale = model.scales[dimension];
    return { binning: scale?.binning ?? "quantile", limits: (scale?.limits ?? []).map(plain) };
  };
  return {
    version,
    scores,
    period_days,
    recalibrate_days,
    regions: regions.map((region, index) => ({ ...region, id: index + 1 })),
    scales: { recency: scaleOf("recency"), frequency: scaleOf("frequency"), monetary: scaleOf("monetary") },
  };
}

export function toModelBody(draft: Draft): RfmBody {
  const scaleOf = ({ binning, limits }: DraftScale) => ({
    binning,
    limits: binning === "thresholds" ? limits : [],
  });
  const { recency, frequency, monetary } = draft.scales;
  return {
    ...draft,
    regions: draft.regions.map(({ id: _, ...region }) => region),
    scales: { recency: scaleOf(recency), frequency: scaleOf(frequency), monetary: scaleOf(monetary) },
  };
}

/** "120.0000" as people write it. */
export function plain(number: string): string {
  return number.includes(".") ? number.replace(/\.?0+$/, "") : number;
}

/** The draft with another highest score: limits are kept as far as they go, regions stretch with the scale. */
export function withScores(draft: Draft, scores: number): Draft {
  const resized = ({ binning, limits }: DraftScale): DraftScale => ({
    binning,
    limits: Array.from({ length: scores - 1 }, (_, index) => limits[index] ?? ""),
  });
  const { recency, frequency, monetary } = draft.scales;
  const stretched = ([low, high]: [number, number]): [number, number] => {
    const from = Math.min(edge(low - 1, draft.scores, scores) + 1, scores);
    return [from, Math.max(from, edge(high, draft.scores, scores))];
  };
  return {
    ...draft,
    scores,
    scales: { recency: resized(recency), frequency: resized(frequency), monetary: resized(monetary) },
    regions: draft.regions.map((region) => ({
      ...region,
      recency: stretched(region.recency),
      frequency: stretched(region.frequency),
      monetary: stretched(region.monetary),
    })),
  };
}

/** Where a boundary between scores lies on another scale; halves go down, so that the middle score counts as high. */
function edge(boundary: number, before: number, after: number): number {
  return Math.ceil((boundary * after) / before - 1 / 2);
}

/** Whether limits set by hand are numbers that grow. */
export function areLimitsFine({ binning, limits }: DraftScale, scores: number): boolean {
  if (binning === "quantile") return true;
  if (limits.length !== scores - 1) return false;
  const numbers = limits.map((limit) => (limit.trim() === "" ? Number.NaN : Number(limit)));
  return numbers.every(
    (number, index) => Number.isFinite(number) && number > (numbers[index - 1] ?? -Infinity),
  );
}

export type RegionProblem = "key" | "key_twice" | "name";

export function regionProblem(regions: readonly Region[], index: number): RegionProblem | null {
  const region = regions[index];
  if (!region) return null;
  if (!KEY_PATTERN.test(region.key)) return "key";
  if (regions.findIndex((other) => other.key === region.key) !== index) return "key_twice";
  return region.name_zh.trim() === "" || region.name_en.trim() === "" ? "name" : null;
}

export function isDraftFine(draft: Draft): boolean {
  return (
    draft.regions.length > 0 &&
    draft.recalibrate_days > 0 &&
    (draft.period_days === null || draft.period_days > 0) &&
    DIMENSIONS.every((dimension) => areLimitsFine(draft.scales[dimension], draft.scores)) &&
    draft.regions.every((_, index) => regionProblem(draft.regions, index) === null)
  );
}

export type Coverage = {
  /** Combinations of scores that no region holds: people there have no region. */
  uncovered: number;
  all: number;
  /** Regions nobody can be in, because those before them hold all their combinations. */
  hidden: string[];
};

/** How the regions share the combinations of scores; the first that fits takes one. */
export function coverageOf(regions: readonly Region[], scores: number): Coverage {
  const reached = new Set<string>();
  let uncovered = 0;
  const steps = scoresUp(scores);
  for (const recency of steps) {
    for (const frequency of steps) {
      for (const monetary of steps) {
        const region = regions.find(
          (candidate) =>
            holds(candidate.recency, recency) &&
            holds(candidate.frequency, frequency) &&
            holds(candidate.monetary, monetary),
        );
        if (region) reached.add(region.key);
        else uncovered += 1;
      }
    }
  }
  const hidden = regions.filter((region) => !reached.has(region.key)).map((region) => region.key);
  return { uncovered, all: steps.length ** 3, hidden };
}

function holds([low, high]: readonly [number, number], score: number): boolean {
  return low <= score && score <= high;
}

export function newRegion(regions: readonly DraftRegion[], scores: number): DraftRegion {
  let number = regions.length + 1;
  while (regions.some((region) => region.key === `region_${number}`)) number += 1;
  const everywhere: [number, number] = [1, scores];
  return {
    id: Math.max(0, ...regions.map((region) => region.id)) + 1,
    key: `region_${number}`,
    name_zh: "",
    name_en: "",
    recency: everywhere,
    frequency: everywhere,
    monetary: everywhere,
  };
}

export function moved<T>(items: readonly T[], index: number, by: -1 | 1): T[] {
  const result = [...items];
  const [item] = result.splice(index, 1);
  if (item !== undefined) result.splice(index + by, 0, item);
  return result;
}
