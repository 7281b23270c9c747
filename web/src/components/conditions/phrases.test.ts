import { expect, it } from "vitest";
import { createI18n } from "@/i18n";
import { type CatalogueAnswer, indexCatalogue } from "./catalogue";
import { changeOperator, fieldLeaf, measureLeaf, sequenceLeaf, toNumber } from "./defaults";
import type { LeafJson } from "./language";
import { groupEntries, paletteEntries, searchEntries } from "./palette";
import { joinParts, leafPhrase, rowText } from "./phrases";
import { newGroup, newLeaf } from "./tree";

const ANSWER: CatalogueAnswer = {
  version: 1,
  groups: [
    { name: "orders", label: "购买" },
    { name: "profile", label: "资料" },
  ],
  fields: [
    {
      name: "gender",
      kind: "choice",
      label: "性别",
      group: "profile",
      description: "",
      options: [{ value: "female", label: "女" }],
      suggests: false,
    },
    {
      name: "birthday",
      kind: "date",
      label: "生日",
      group: "profile",
      description: "按月日",
      options: [],
      suggests: false,
    },
  ],
  measures: [
    {
      name: "order_count",
      kind: "number",
      label: "订单数",
      group: "orders",
      unit: "单",
      description: "有效订单",
      sources: ["order_lines"],
      columns: ["sku"],
      has_period: true,
    },
  ],
  sources: [
    {
      name: "order_lines",
      label: "购买",
      has_moment: true,
      columns: [
        { name: "sku", kind: "text", label: "商品", options: [], suggests: true, has_property: false },
      ],
    },
  ],
  operators: {
    choice: [{ name: "in", label: "是", takes: "list" }],
    text: [{ name: "in", label: "是", takes: "list" }],
    number: [
      { name: "gte", label: "≥", takes: "one" },
      { name: "lte", label: "≤", takes: "one" },
      { name: "between", label: "介于", takes: "two" },
    ],
    date: [
      { name: "in_last", label: "在最近", takes: "span" },
      { name: "anniversary_in_months", label: "月份是", takes: "months" },
      { name: "is_empty", label: "为空", takes: "none" },
    ],
  },
  units: [{ name: "day", label: "天" }],
  limits: { nodes: 500, depth: 20, values: 1000, text: 200, steps: 4 },
  references: [{ kind: "segment", key: "core", name: "核心客户" }],
  main_currency: "CNY",
  zone: "Asia/Shanghai",
};

const i18n = createI18n("zh-CN");
const catalogue = indexCatalogue(ANSWER);
const words = { catalogue, i18n };
const say = (leaf: LeafJson) => joinParts(leafPhrase(leaf, words));

it("reads measures, fields, sequences and segments as phrases", () => {
  const bought: LeafJson = {
    measure: {
      name: "order_count",
      where: [{ column: "sku", op: "in", value: ["A1", "A2"] }],
      period: { last: 60, unit: "day" },
    },
    op: "gte",
    value: 2,
  };
  expect(say(bought)).toBe("最近 60 天 订单数（商品 是 A1、A2）≥ 2 单");
  expect(say({ field: "gender", op: "in", value: ["female", "x"] })).toBe("性别 是 女、x");
  expect(say({ field: "birthday", op: "anniversary_in_months", value: [0, 3] })).toBe(
    "生日 月份是 本月、三月",
  );
  expect(say({ field: "birthday", op: "is_empty" })).toBe("生日 为空");
  expect(say({ segment: "core" })).toBe("属于人群 核心客户");
  expect(
    say({
      sequence: [
        { source: "order_lines" },
        { source: "order_lines", within: { n: 7, unit: "day" }, absent: true },
      ],
    }),
  ).toBe("先 购买 之后 7 天内没有 购买");
});

it("says what is still to be filled in", () => {
  expect(say({ field: "gender", op: "in", value: [] })).toBe("性别 是 待填写");
  const half: LeafJson = { measure: { name: "order_count" }, op: "between", value: [1, ""] };
  expect(say(half)).toContain("待填写");
  expect(leafPhrase(half, words).at(-1)?.tone).toBe("missing");
});

it("shows names the catalogue does not know as they are", () => {
  expect(say({ field: "gone", op: "odd", value: "x" })).toBe("gone odd x");
});

it("tells rows with their negation", () => {
  const node = { ...newLeaf({ segment: "core" }), not: 1 };
  expect(rowText(node, words)).toBe("不：属于人群 核心客户");
  expect(rowText({ ...newGroup("any", [node]), not: 1 }, words)).toBe("以下 1 个条件都不满足");
});

it("starts rows with the usual operator and keeps a value that still fits", () => {
  const [field] = ANSWER.fields;
  const [measure] = ANSWER.measures;
  const [source] = ANSWER.sources;
  if (!field || !measure || !source) throw new Error("the catalogue of this test is empty");
  expect(fieldLeaf(catalogue, field)).toEqual({ field: "gender", op: "in", value: [] });
  expect(measureLeaf(catalogue, measure)).toEqual({
    measure: { name: "order_count", period: { last: 90, unit: "day" } },
    op: "gte",
  });
  expect(sequenceLeaf(source)).toMatchObject({ sequence: [{ source: "order_lines" }, { within: { n: 7 } }] });
  expect(changeOperator(catalogue, "number", { op: "gte", value: 3 }, "lte")).toEqual({
    op: "lte",
    value: 3,
  });
  expect(changeOperator(catalogue, "number", { op: "gte", value: 3 }, "between")).toEqual({ op: "between" });
});

it("keeps every digit of a number", () => {
  expect(toNumber("12.5")).toBe(12.5);
  expect(toNumber("12.50")).toBe("12.50");
  expect(toNumber("12345678901234567890")).toBe("12345678901234567890");
});

it("finds entries by every word, named ones first, in their groups", () => {
  const entries = paletteEntries(catalogue, i18n.t);
  expect(entries.map((entry) => entry.label)).toEqual([
    "订单数",
    "性别",
    "生日",
    "购买：先后发生",
    "核心客户",
  ]);
  const found = searchEntries(entries, "购买");
  expect(found.map((entry) => entry.label)).toEqual(["购买：先后发生", "订单数"]);
  expect(searchEntries(entries, "订单 没有这个词")).toEqual([]);
  expect([...groupEntries(entries).keys()]).toEqual(["购买", "资料", "先后顺序", "其他人群"]);
  expect(entries.at(-1)?.make()).toEqual({ segment: "core" });
});
