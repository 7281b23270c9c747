import { expect, it } from "vitest";
import { formatMessage, texts } from ".";

const placeholders = (text: string) => [...text.matchAll(/\{(\w+)/g)].map((match) => match[1]).sort();

it("has every text in both languages, with the same placeholders", () => {
  const broken = Object.entries(texts).filter(([, [zh, en]]) => {
    const wanted = new Set(placeholders(zh));
    const found = new Set(placeholders(en));
    return !zh.trim() || !en.trim() || [...wanted].join() !== [...found].join();
  });
  expect(broken).toEqual([]);
});

it("uses the singular for one and groups digits", () => {
  const template = "{count#row#rows} rejected";
  expect(formatMessage(template, { count: 1 }, "en")).toBe("1 row rejected");
  expect(formatMessage(template, { count: 1234 }, "en")).toBe("1,234 rows rejected");
});

it("leaves a placeholder readable when no value is given", () => {
  expect(formatMessage("{name}", {}, "en")).toBe("{name}");
});
