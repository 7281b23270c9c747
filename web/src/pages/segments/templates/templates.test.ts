import { describe, expect, it } from "vitest";
import type { BuiltValue, Setting } from "@/api/blueprints";
import { conditionFromAddress } from "../start";
import { carriersOf, freeKey, fromPercent, joinList, settingProblem, splitList, toPercent } from "./settings";

const setting = (changes: Partial<Setting>): Setting => ({
  name: "days",
  kind: "days",
  label: "Days",
  default: "30",
  low: "1",
  high: "3650",
  ...changes,
});

describe("a setting", () => {
  it.each([
    ["30", null],
    ["", "missing"],
    ["1.5", "whole"],
    ["many", "whole"],
    ["0", "bounds"],
    ["3651", "bounds"],
  ])("of days checks %j", (value, problem) => {
    expect(settingProblem(setting({}), value)).toBe(problem);
  });

  it("of shares and amounts takes fractions", () => {
    expect(settingProblem(setting({ kind: "share", low: "0", high: "1" }), "0.05")).toBeNull();
    expect(settingProblem(setting({ kind: "amount", low: "0", high: null }), "5000.5")).toBeNull();
    expect(settingProblem(setting({ kind: "amount", low: "0", high: null }), "-1")).toBe("bounds");
  });

  it("of texts lists values, each once and trimmed", () => {
    expect(splitList("餐厨\n 包袋 \n\n餐厨")).toEqual(["餐厨", "包袋"]);
    expect(joinList(["天猫 旗舰店", "", "小程序", "小程序"])).toBe("天猫 旗舰店\n小程序");
    expect(settingProblem(setting({ kind: "text", low: null, high: null }), " ")).toBe("missing");
  });
});

it("writes shares as per cent and back without binary noise", () => {
  expect(toPercent("0.3")).toBe("30");
  expect(toPercent("0.07")).toBe("7");
  expect(fromPercent("7")).toBe("0.07");
  expect(fromPercent("12.5")).toBe("0.125");
  expect(fromPercent("")).toBe("");
});

describe("the people of a value", () => {
  const value = (name: string): BuiltValue => ({
    value: name,
    label: name,
    sentence: "",
    condition: { version: 1, where: { segment: name } },
  });
  const values = [value("a"), value("b"), value("c")];

  it("leave out those of the values before, where the first counts", () => {
    expect(carriersOf(values, 0, true)).toEqual({ version: 1, where: { segment: "a" } });
    expect(carriersOf(values, 2, true)).toEqual({
      version: 1,
      where: { all: [{ segment: "c" }, { not: { any: [{ segment: "a" }, { segment: "b" }] } }] },
    });
  });

  it("are all who fit, where a person may have several", () => {
    expect(carriersOf(values, 2, false)).toEqual({ version: 1, where: { segment: "c" } });
  });
});

it("proposes a key nobody has", () => {
  expect(freeKey("dormant", [])).toBe("dormant");
  expect(freeKey("dormant", ["dormant", "dormant_2"])).toBe("dormant_3");
});

describe("the condition of an address", () => {
  it("is read when it is one", () => {
    const condition = { version: 1, where: { all: [{ segment: "a" }] } };
    expect(conditionFromAddress(JSON.stringify(condition))).toEqual(condition);
  });

  it.each([undefined, "", "{", "null", "[]", '{"version":1}', '{"version":1,"where":{"no":1}}'])(
    "is none for %j",
    (text) => expect(conditionFromAddress(text)).toBeNull(),
  );
});
