import { expect, it } from "vitest";
import { parseSearch, stringifySearch } from "./search";

it("keeps phone numbers as they were typed and leaves out what is empty", () => {
  expect(stringifySearch({ q: "0138", page: undefined, city: "" })).toBe("?q=0138");
  expect(parseSearch("?q=0138&page=2")).toEqual({ q: "0138", page: "2" });
});
