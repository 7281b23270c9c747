import { expect, it } from "vitest";
import { toQuery } from "./filters";

it("counts the last day of a period as a whole", () => {
  const { last_ordered_from, last_ordered_to } = toQuery({ from: "2026-11-01", to: "2026-11-02" });
  const days = (Date.parse(last_ordered_to ?? "") - Date.parse(last_ordered_from ?? "")) / 86_400_000;
  expect(days).toBe(2);
});

it("leaves out what makes no sense in the address", () => {
  expect(toQuery({ min: "cheap", from: "yesterday", sort: "height", identifier: "shoe" })).toEqual(
    toQuery({}),
  );
});

it("reads filters by custom field", () => {
  expect(toQuery({ "field.custom.skin_type": "oily" }).field).toEqual(["custom.skin_type:oily"]);
});
