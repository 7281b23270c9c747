import { expect, it } from "vitest";
import type { Distribution } from "@/api/segments";
import { formula, pairSize, type Term, toExpression } from "./algebra";
import { readSegmentFile } from "./files";
import { KEY_PATTERN, proposedKey } from "./meta";
import { barsOf, usualFields } from "./profile";
import { sparklinePoints } from "./trend";

const terms: Term[] = [
  { operation: "and", operand: "segment:s1" },
  { operation: "or", operand: "audience:a1" },
  { operation: "minus", operand: "segment:s2" },
];

it("combines sets from left to right", () => {
  expect(toExpression(terms)).toEqual({
    minus: [{ or: [{ segment: "s1" }, { audience: "a1" }] }, { segment: "s2" }],
  });
  expect(formula(terms, (operand) => operand.split(":")[1] ?? "")).toBe("(s1 ∪ a1) − s2");
  expect(toExpression([...terms, { operation: "and", operand: undefined }])).toBeNull();
  expect(toExpression([])).toBeNull();
});

it("finds a pair whichever way it is told", () => {
  const pairs = [{ left: "s1", right: "s2", size: 7 }];
  expect(pairSize(pairs, "s2", "s1")).toBe(7);
  expect(pairSize(pairs, "s1", "s3")).toBeUndefined();
});

it("compares shares of members and everybody, people without a value included", () => {
  const bars = barsOf(
    {
      members: 10,
      everybody: 200,
      bins: [{ value: "f", label: "女", members: 8, everybody: 80 }],
      members_without: 2,
      everybody_without: 120,
    } as Distribution,
    "（空）",
  );
  expect(bars).toMatchObject([
    { label: "女", members: 0.8, everybody: 0.4, membersWidth: 100, everybodyWidth: 50, ratio: 2 },
    { label: "（空）", members: 0.2, everybody: 0.6 },
  ]);
});

it("looks first at fields with few values", () => {
  const fields = [
    { name: "city", kind: "text" },
    { name: "gender", kind: "choice" },
  ];
  expect(usualFields(fields)).toEqual(["gender"]);
  expect(usualFields(fields.slice(0, 1))).toEqual(["city"]);
});

it("draws a line through sizes, level when nothing changed", () => {
  expect(sparklinePoints([1, 3], 12, 10)).toBe("2.0,8.0 10.0,2.0");
  expect(sparklinePoints([5, 5], 12, 10)).toBe("2.0,5.0 10.0,5.0");
});

it("takes only files of definitions", () => {
  expect(readSegmentFile('{"segments": []}')).toEqual({ segments: [] });
  expect(readSegmentFile('{"segments": 1}')).toBeNull();
  expect(readSegmentFile("no json")).toBeNull();
});

it("proposes keys the server accepts", () => {
  for (let i = 0; i < 50; i += 1) expect(proposedKey()).toMatch(KEY_PATTERN);
});
