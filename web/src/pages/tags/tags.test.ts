import { describe, expect, it } from "vitest";
import type { Tag } from "@/api/tags";
import { valueProblem } from "./RuleWords";
import { moveRule, NO_GROUP, narrowTags, tagChoices } from "./tags";

function aTag(key: string, more: Partial<Tag> = {}): Tag {
  return {
    id: `tg_${key}`,
    key,
    name: key,
    group_id: null,
    group_name: null,
    colour: "default",
    owner_id: null,
    description: "",
    kind: "static",
    value_mode: "flag",
    allowed_values: [],
    valid_days: null,
    valid_until: null,
    archived_at: null,
    created_at: "2026-11-01T00:00:00Z",
    created_by: "operator:1",
    updated_at: "2026-11-01T00:00:00Z",
    people: 0,
    ...more,
  };
}

const level = { group_id: "gr_1", group_name: "等级" };
const gold = aTag("gold", { ...level, name: "金卡" });
const fair = aTag("fair", { description: "Met at the FAIR in May" });
const active = aTag("active", { kind: "computed" });

describe("narrowTags", () => {
  it("finds words in name, key and description, whatever their case", () => {
    expect(narrowTags([gold, fair, active], { q: "金" })).toEqual([gold]);
    expect(narrowTags([gold, fair, active], { q: " fair in" })).toEqual([fair]);
    expect(narrowTags([gold, fair, active], { q: "GOLD" })).toEqual([gold]);
  });

  it("narrows by group, by having none, and by kind", () => {
    expect(narrowTags([gold, fair, active], { group: "gr_1" })).toEqual([gold]);
    expect(narrowTags([gold, fair, active], { group: NO_GROUP, kind: "static" })).toEqual([fair]);
    expect(narrowTags([gold, fair, active], {})).toHaveLength(3);
  });
});

describe("tagChoices", () => {
  it("puts tags under their groups", () => {
    expect(tagChoices([gold, fair], "未分组")).toEqual([
      { label: "等级", options: [{ value: "tg_gold", label: "金卡" }] },
      { label: "未分组", options: [{ value: "tg_fair", label: "fair" }] },
    ]);
  });
});

describe("moveRule", () => {
  it("puts a rule before or behind its neighbour and keeps the others in order", () => {
    expect(moveRule(["a", "b", "c"], 2, 1)).toEqual(["a", "c", "b"]);
    expect(moveRule(["a", "b", "c"], 0, 1)).toEqual(["b", "a", "c"]);
  });
});

describe("valueProblem", () => {
  it("lets a single rule be without a value, and no two have the same", () => {
    expect(valueProblem(" ", [])).toBeNull();
    expect(valueProblem(" ", [{ value: "a" }])).toBe("tags.rule_value_needed");
    expect(valueProblem("a ", [{ value: "a" }])).toBe("tags.rule_value_taken");
    expect(valueProblem("b", [{ value: "a" }])).toBeNull();
  });
});
