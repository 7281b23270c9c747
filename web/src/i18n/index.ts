/**
 * A dictionary of our own instead of a library: every text stands beside its translation, so that none can be forgotten
 * (TypeScript refuses a key without both), and the whole of it is smaller than a library. `{name}` is replaced;
 * `{n#row#rows}` adds the singular or the plural to the number.
 */
import { createContext, use } from "react";
import type { LocaleChoice } from "@/app/preferences";
import { accounts } from "./texts/accounts";
import { blueprints } from "./texts/blueprints";
import { common } from "./texts/common";
import { conditions } from "./texts/conditions";
import { customers } from "./texts/customers";
import { data } from "./texts/data";
import { identity } from "./texts/identity";
import { orders } from "./texts/orders";
import { segments } from "./texts/segments";
import { settings } from "./texts/settings";
import { tags } from "./texts/tags";

export const texts = {
  ...accounts,
  ...blueprints,
  ...common,
  ...conditions,
  ...customers,
  ...data,
  ...identity,
  ...orders,
  ...segments,
  ...settings,
  ...tags,
};

export type MessageKey = keyof typeof texts;
export type Values = Record<string, string | number>;
export type Translate = (key: MessageKey, values?: Values) => string;
export type I18n = { locale: LocaleChoice; t: Translate };

export function formatMessage(template: string, values: Values, locale: LocaleChoice): string {
  return template.replace(
    /\{(\w+)(?:#([^#}]*)#([^}]*))?\}/g,
    (_, name: string, one?: string, many?: string) => {
      const value = values[name];
      if (value === undefined) return `{${name}}`;
      const text = typeof value === "number" ? value.toLocaleString(locale) : value;
      return one === undefined ? text : `${text} ${value === 1 ? one : many}`;
    },
  );
}

export function createI18n(locale: LocaleChoice): I18n {
  const index = locale === "zh-CN" ? 0 : 1;
  return { locale, t: (key, values = {}) => formatMessage(texts[key][index], values, locale) };
}

/** The key of a code that comes from the server, when we have words for it; the code itself is shown otherwise. */
export function hasText(key: string): key is MessageKey {
  return key in texts;
}

export const I18nContext = createContext<I18n | null>(null);

export function useI18n(): I18n {
  const i18n = use(I18nContext);
  if (!i18n) throw new Error("useI18n outside of I18nContext");
  return i18n;
}

export function useT(): Translate {
  return useI18n().t;
}

/** Words for a code of the server, e.g. ("order_state", "paid"); an unknown code is shown as it is. */
export function useWord(): (group: string, code: string) => string {
  const t = useT();
  return (group, code) => {
    const key = `${group}.${code}`;
    return hasText(key) ? t(key) : code;
  };
}
