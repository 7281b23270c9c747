import { describe, expect, it } from "vitest";
import type { ImportFile, Mapping, RecordKind } from "@/api/imports";
import { bindColumn, confidenceOf, fitMapping, problemsOf, setConstant } from "./mapping";

const mapping = (changes: Partial<Mapping> = {}): Mapping => ({
  kind: "orders",
  bindings: [],
  constants: {},
  part_column: null,
  zone: "Asia/Shanghai",
  source: "erp",
  is_whole: false,
  options: {},
  ...changes,
});
const bound = (field: string, column: string) => ({
  field,
  column,
  date_order: null,
  decimal_mark: null,
  value_table: {},
});
const kind = {
  name: "orders",
  fields: [
    { name: "number", required: true },
    { name: "sku", required: false },
  ],
} as RecordKind;

describe("a mapping", () => {
  it("gives a column one field and forgets the constant that the field had", () => {
    const before = mapping({ bindings: [bound("sku", "A")], constants: { number: "1" } });
    const after = bindColumn(before, "A", "sku", "number");
    expect(after.bindings).toEqual([bound("number", "A")]);
    expect(after.constants).toEqual({});
  });

  it("lets a column fill a second field and frees one of them again", () => {
    const both = bindColumn(mapping({ bindings: [bound("sku", "A")] }), "A", null, "number");
    expect(both.bindings).toEqual([bound("sku", "A"), bound("number", "A")]);
    expect(bindColumn(both, "A", "sku", null).bindings).toEqual([bound("number", "A")]);
  });

  it("tells what is missing and what is bound twice", () => {
    expect(problemsOf(mapping(), kind)).toEqual({ missing: ["number"], twice: [] });
    expect(problemsOf(setConstant(mapping(), "number", "1"), kind).missing).toEqual([]);
    const twice = mapping({ bindings: [bound("number", "A"), bound("number", "B")] });
    expect(problemsOf(twice, kind)).toEqual({ missing: [], twice: ["number"] });
  });

  it("leaves out the columns that another file lacks", () => {
    const file = { columns: [{ name: "A" }] } as ImportFile;
    const saved = mapping({ bindings: [bound("number", "A"), bound("sku", "B")], part_column: "B" });
    expect(fitMapping(saved, file)).toMatchObject({ bindings: [bound("number", "A")], part_column: null });
  });
});

it("calls a field that nobody proposed one that a person chose", () => {
  const file = {
    proposal: { reasons: [{ field: "number", column: "A", confidence: 0.95, reason: "heading" }] },
  } as ImportFile;
  expect(confidenceOf(file, bound("number", "A"))).toEqual({ level: "sure", reason: "heading" });
  expect(confidenceOf(file, bound("sku", "A"))).toEqual({ level: "chosen", reason: null });
});
