import { describe, expect, it } from "vitest";
import type { RfmModel } from "@/api/blueprints";
import {
  areLimitsFine,
  colourSteps,
  coverageOf,
  type DraftRegion,
  isDraftFine,
  isEmptyRange,
  levelOf,
  moved,
  newRegion,
  nextCalibration,
  rangeOf,
  regionProblem,
  toDraft,
  toModelBody,
  wholeCounts,
  withScores,
} from "./model";

const LIMITS = ["19", "59", "177", "411"];
const high: [number, number] = [3, 5];
const low: [number, number] = [1, 2];

const model = (changes: Partial<RfmModel> = {}): RfmModel => ({
  version: 3,
  scores: 5,
  period_days: 365,
  recalibrate_days: 30,
  calibrated_at: "2026-11-20T02:00:00Z",
  people: 100,
  scales: {
    recency: { binning: "quantile", limits: ["19.0000", "59", "177", "411"] },
    frequency: { binning: "thresholds", limits: ["1", "2", "4", "8"] },
    monetary: { binning: "quantile", limits: ["10.50", "20", "30", "40"] },
  },
  regions: [
    { key: "best", name_zh: "好", name_en: "Best", recency: high, frequency: [1, 5], monetary: [1, 5] },
    { key: "rest", name_zh: "其余", name_en: "Rest", recency: low, frequency: [1, 5], monetary: [1, 5] },
  ],
  ...changes,
});

describe("limits", () => {
  it("score many orders high and many days low", () => {
    expect(rangeOf("frequency", 1, 5, LIMITS)).toEqual({ over: null, upTo: "19" });
    expect(rangeOf("frequency", 5, 5, LIMITS)).toEqual({ over: "411", upTo: null });
    expect(rangeOf("recency", 5, 5, LIMITS)).toEqual({ over: null, upTo: "19" });
    expect(rangeOf("recency", 4, 5, LIMITS)).toEqual({ over: "19", upTo: "59" });
    expect(rangeOf("recency", 1, 5, LIMITS)).toEqual({ over: "411", upTo: null });
    expect(rangeOf("recency", 1, 5, [])).toBeNull();
  });

  it("leave nobody between equal values", () => {
    expect(isEmptyRange({ over: "1", upTo: "1.0" })).toBe(true);
    expect(isEmptyRange({ over: "1", upTo: "2" })).toBe(false);
    expect(isEmptyRange({ over: null, upTo: "1" })).toBe(false);
  });

  it("read as whole counts where they are", () => {
    expect(wholeCounts({ over: "2", upTo: "4" })).toEqual({ from: 3, to: 4 });
    expect(wholeCounts({ over: null, upTo: "0" })).toEqual({ from: 0, to: 0 });
    expect(wholeCounts({ over: "4", upTo: null })).toEqual({ from: 5, to: null });
    expect(wholeCounts({ over: "2", upTo: "2" })).toBeNull();
    expect(wholeCounts({ over: "1.5", upTo: "3" })).toBeNull();
  });
});

describe("colours", () => {
  it("cut the largest cell into parts without gaps", () => {
    for (const largest of [0, 1, 3, 5, 7, 379, 1_000_000]) {
      const steps = colourSteps(largest);
      expect(steps.at(-1)?.to).toBe(largest);
      for (const [index, step] of steps.entries()) {
        expect(step.from).toBe(index === 0 ? 0 : (steps[index - 1]?.to ?? 0) + 1);
        expect(step.to).toBeGreaterThanOrEqual(step.from);
      }
    }
  });

  it("show nobody without colour and the largest with the strongest", () => {
    const steps = colourSteps(379);
    expect([0, 1, 76, 77, 379].map((people) => levelOf(people, steps))).toEqual([0, 1, 1, 2, 5]);
  });
});

describe("an edited model", () => {
  it("sends limits only where they are set by hand, and no number of its own", () => {
    const body = toModelBody(toDraft(model()));
    expect(body.scales.recency).toEqual({ binning: "quantile", limits: [] });
    expect(body.scales.frequency).toEqual({ binning: "thresholds", limits: ["1", "2", "4", "8"] });
    expect(body.regions).toEqual(model().regions);
    expect(body.version).toBe(3);
  });

  it("starts limits by hand from the quantiles, without needless zeros", () => {
    const { scales } = toDraft(model());
    expect(scales.recency.limits[0]).toBe("19");
    expect(scales.monetary.limits[0]).toBe("10.5");
  });

  it.each([
    [5, 4, [3, 4]],
    [5, 3, [2, 3]],
    [5, 2, [2, 2]],
  ])("stretches regions from %i to %i scores", (before, after, wanted) => {
    const draft = withScores(toDraft(model({ scores: before })), after);
    expect(draft.regions[0]?.recency).toEqual(wanted);
    expect(coverageOf(draft.regions, after)).toMatchObject({ uncovered: 0, hidden: [] });
    expect(draft.scales.frequency.limits).toHaveLength(after - 1);
  });

  it("is refused with missing, falling or equal limits", () => {
    const scale = (...limits: string[]) => ({ binning: "thresholds" as const, limits });
    expect(areLimitsFine(scale("1", "2"), 3)).toBe(true);
    expect(areLimitsFine(scale("1", ""), 3)).toBe(false);
    expect(areLimitsFine(scale("2", "1"), 3)).toBe(false);
    expect(areLimitsFine(scale("1", "1"), 3)).toBe(false);
    expect(areLimitsFine(scale("1"), 3)).toBe(false);
    expect(areLimitsFine({ binning: "quantile", limits: [] }, 3)).toBe(true);
  });

  it("is refused with regions that have no key, no name or the same key", () => {
    const draft = toDraft(model());
    const [first, second] = draft.regions as [DraftRegion, DraftRegion];
    expect(isDraftFine(draft)).toBe(true);
    expect(regionProblem([{ ...first, key: "A b" }, second], 0)).toBe("key");
    expect(regionProblem([first, { ...second, key: first.key }], 1)).toBe("key_twice");
    expect(regionProblem([{ ...first, name_en: " " }, second], 0)).toBe("name");
    expect(isDraftFine({ ...draft, regions: [] })).toBe(false);
    expect(isDraftFine({ ...draft, period_days: 0 })).toBe(false);
  });

  it("gives a new region a free key and says what it still needs", () => {
    const draft = toDraft(model());
    const [first] = draft.regions as [DraftRegion];
    const regions = [{ ...first, key: "region_3" }, ...draft.regions];
    const added = newRegion(regions, 5);
    expect(added.key).toBe("region_4");
    expect(regions.map((region) => region.id)).not.toContain(added.id);
    expect(regionProblem([...regions, added], 3)).toBe("name");
  });

  it("moves within the list", () => {
    expect(moved(["a", "b", "c"], 2, -1)).toEqual(["a", "c", "b"]);
    expect(moved(["a", "b", "c"], 0, 1)).toEqual(["b", "a", "c"]);
  });
});

describe("coverage", () => {
  it("counts combinations nobody names and names regions nobody reaches", () => {
    const [best, rest] = model().regions as [DraftRegion, DraftRegion];
    expect(coverageOf([best], 5)).toEqual({ uncovered: 50, all: 125, hidden: [] });
    const all = { ...rest, key: "all", recency: [1, 5] as [number, number] };
    expect(coverageOf([all, best, rest], 5)).toEqual({ uncovered: 0, all: 125, hidden: ["best", "rest"] });
  });
});

it("tells when quantiles are taken anew, unless all limits are set by hand", () => {
  expect(nextCalibration(model())?.toISOString()).toBe("2026-12-20T02:00:00.000Z");
  const scale = { binning: "thresholds" as const, limits: ["1", "2", "3", "4"] };
  const byHand = { recency: scale, frequency: scale, monetary: scale };
  expect(nextCalibration(model({ scales: byHand }))).toBeNull();
});
