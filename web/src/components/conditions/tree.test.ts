import { expect, it } from "vitest";
import type { ConditionJson } from "./language";
import {
  countNodes,
  find,
  isGroup,
  nodeAt,
  pointersOf,
  readCondition,
  readNode,
  readPasted,
  UnreadableCondition,
  writeCondition,
  writeCopied,
} from "./tree";

const GOLD: ConditionJson = {
  version: 1,
  where: {
    all: [
      {
        measure: {
          name: "order_count",
          where: [{ column: "sku", op: "in", value: ["A1", "A2"] }],
          period: { last: 60, unit: "day" },
        },
        op: "gte",
        value: 2,
      },
      { not: { measure: { name: "order_count", period: { last: 30, unit: "day" } }, op: "gte", value: 1 } },
      { any: [{ field: "city", op: "in", value: ["上海"] }, { segment: "core" }] },
      {
        not: { not: { any: [{ sequence: [{ source: "interactions" }], period: { last: 7, unit: "day" } }] } },
      },
    ],
  },
};

it("writes exactly what it read, negations included", () => {
  expect(writeCondition(readCondition(GOLD))).toEqual(GOLD);
});

it("puts a group around a condition that is a single leaf", () => {
  const leaf = { field: "city", op: "is_empty" };
  expect(writeCondition(readCondition({ version: 1, where: leaf })).where).toEqual({ all: [leaf] });
  const negated = readCondition({ version: 1, where: { not: leaf } });
  expect(writeCondition(negated).where).toEqual({ all: [{ not: leaf }] });
});

it("leads a pointer of the server to its node and back", () => {
  const root = readCondition(GOLD);
  const sku = nodeAt(root, "/where/all/0/measure/where/0/value");
  expect(sku.node).toBe(root.parts[0]);
  expect(sku.rest).toEqual(["measure", "where", "0", "value"]);
  expect(nodeAt(root, "/where/all/1/not/value").node).toBe(root.parts[1]);
  expect(nodeAt(root, "/where/all/9").node).toBe(root);
  for (const [id, pointer] of pointersOf(root)) expect(nodeAt(root, pointer).node.id).toBe(id);
  const deep = nodeAt(root, "/where/all/3/not/not/any/0/sequence/0/source");
  expect(deep.rest).toEqual(["sequence", "0", "source"]);
});

it("pastes what it copied, several nodes, and whole conditions", () => {
  const root = readCondition(GOLD);
  const group = root.parts[2];
  if (!group) throw new Error("no third part");
  const [pasted] = readPasted(writeCopied(group));
  expect(pasted && isGroup(pasted) && pasted.parts).toHaveLength(2);
  expect(readPasted(JSON.stringify(GOLD))).toHaveLength(1);
  expect(readPasted(JSON.stringify([{ segment: "a" }, { segment: "b" }]))).toHaveLength(2);
});

it.each([
  "hello",
  "[]",
  "12",
  '{"field": "city"}',
  '{"all": {}}',
  '{"field": "city", "op": "in", "value": [{}]}',
  '{"sequence": [{"where": []}]}',
  '{"measure": {"name": "x", "where": [{"column": 1}]}, "op": "gt"}',
])("refuses %s", (text) => {
  expect(() => readPasted(text)).toThrow(UnreadableCondition);
});

it("refuses what is too deep or too large, however deep that is", () => {
  const deep = `${'{"not":'.repeat(2_000)}{"segment":"a"}${"}".repeat(2_000)}`;
  expect(() => readPasted(deep)).toThrow(/size/);
  const wide = { all: Array.from({ length: 600 }, () => ({ segment: "a" })) };
  expect(() => readNode(wide)).toThrow(/size/);
});

it("counts negations as the server does and finds nodes with their place", () => {
  const root = readCondition(GOLD);
  expect(countNodes(root)).toBe(11);
  const second = root.parts[1];
  expect(find(root, second?.id ?? "")).toMatchObject({ index: 1, parent: root });
  expect(find(root, "nowhere")).toBeNull();
});
