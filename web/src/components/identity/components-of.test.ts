import { expect, it } from "vitest";
import { sidesAfterSplit } from "./components-of";

const tie = (id: string, left: string, right: string, split_at: string | null = null) => ({
  id,
  left_record_id: left,
  right_record_id: right,
  split_at,
});

it("gives each side the records that remain tied to it", () => {
  const split = tie("2", "b", "c");
  const sides = sidesAfterSplit([tie("1", "a", "b"), split, tie("3", "c", "d")], split);
  expect(sides.left.sort()).toEqual(["a", "b"]);
  expect(sides.right.sort()).toEqual(["c", "d"]);
  expect(sides.isSeparated).toBe(true);
});

it("tells when another merge still holds the sides together", () => {
  const split = tie("1", "a", "b");
  expect(sidesAfterSplit([split, tie("2", "b", "a")], split).isSeparated).toBe(false);
});

it("ignores merges that were split before", () => {
  const split = tie("1", "a", "b");
  expect(sidesAfterSplit([split, tie("2", "b", "a", "2026-01-01T00:00:00Z")], split).isSeparated).toBe(true);
});
