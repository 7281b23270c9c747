import { expect, it } from "vitest";
import { formatBytes, formatMoney, formatShare } from "./values";

it("loses no digit of large amounts", () => {
  expect(formatMoney("12345678901234567.89", "CNY", "zh-CN")).toBe("¥12,345,678,901,234,567.89");
});

it("shows an unknown currency as it came", () => {
  expect(formatMoney("5", "POINTS", "en")).toBe("5 POINTS");
});

it("shows a dash where there is nothing, and zero where there is zero", () => {
  expect(formatMoney(null, "CNY", "en")).toBe("–");
  expect(formatShare(null, "en")).toBe("–");
  expect(formatShare("0", "en")).toBe("0%");
  expect(formatBytes(0, "en")).toBe("0 B");
});
