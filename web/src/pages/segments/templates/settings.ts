/** Settings of ready definitions: what may be entered, how it is written, and what each value of a tag means. */
import type { BuiltValue, Setting, Settings } from "@/api/blueprints";
import { type SuggestFrom, toCondition } from "@/api/segments";
import type { ConditionJson } from "@/components/conditions/language";

const PERCENT = 100;
/** Enough for any share a person types, and few enough to hide what binary fractions add. */
const SHARE_DIGITS = 6;

export function defaultsOf(settings: Setting[]): Settings {
  return Object.fromEntries(settings.map(({ name, default: value }) => [name, value]));
}

/** Where the values of a text setting are looked up, so that people choose instead of typing. */
const SOURCES: Record<string, readonly SuggestFrom[]> = {
  "channel_source.channels": [{ field: "acquisition_channel" }, { source: "order_lines", column: "channel" }],
  "category_preference.values": [{ source: "order_lines", column: "category" }],
  "style_preference.values": [{ source: "order_lines", column: "style" }],
  "new_product_prospects.asked": [{ source: "interactions", column: "kind" }],
};

export function sourcesOf(blueprint: string, setting: string): readonly SuggestFrom[] {
  return SOURCES[`${blueprint}.${setting}`] ?? [];
}

/** Texts list values, one a line. */
export function splitList(text: string): string[] {
  const values = text.split("\n").map((value) => value.trim());
  return [...new Set(values.filter(Boolean))];
}

export function joinList(values: string[]): string {
  return splitList(values.join("\n")).join("\n");
}

/** Shares are parts of 1 to the server and per cent to people. */
export function toPercent(share: string): string {
  return share.trim() === "" ? "" : trimmed(Number(share) * PERCENT);
}

export function fromPercent(percent: string): string {
  return percent.trim() === "" ? "" : trimmed(Number(percent) / PERCENT);
}

function trimmed(value: number): string {
  return String(Number(value.toFixed(SHARE_DIGITS)));
}

export type SettingProblem = "missing" | "whole" | "bounds";

/** What is wrong with a value, or nothing. The server checks the same again. */
export function settingProblem(setting: Setting, value: string): SettingProblem | null {
  if (value.trim() === "") return "missing";
  if (setting.kind === "text") return null;
  const number = Number(value);
  const isWhole = setting.kind === "days" || setting.kind === "count";
  if (!Number.isFinite(number) || (isWhole && !Number.isInteger(number))) return "whole";
  const isBelow = setting.low !== null && number < Number(setting.low);
  const isAbove = setting.high !== null && number > Number(setting.high);
  return isBelow || isAbove ? "bounds" : null;
}

/** Who carries a value: where only the first that fits counts, nobody who fits an earlier one. */
export function carriersOf(values: BuiltValue[], index: number, isFirstMatch: boolean): ConditionJson {
  const conditions = values.slice(0, index + 1).map((value) => toCondition(value.condition));
  const own = conditions[index];
  if (!own) throw new RangeError(`no value ${index}`);
  const earlier = conditions.slice(0, index).map((condition) => condition.where);
  if (!isFirstMatch || earlier.length === 0) return own;
  return { version: own.version, where: { all: [own.where, { not: { any: earlier } }] } };
}

/** The key itself, or the first numbered one that is free. */
export function freeKey(key: string, taken: readonly string[]): string {
  if (!taken.includes(key)) return key;
  let number = 2;
  while (taken.includes(`${key}_${number}`)) number += 1;
  return `${key}_${number}`;
}
