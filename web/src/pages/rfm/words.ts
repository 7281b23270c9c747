import { formatMoney } from "@/components/values";
import { useI18n } from "@/i18n";
import { type Dimension, isEmptyRange, type Range, wholeCounts } from "./model";

/** Says limits and amounts in the reader's language. */
export function useRfmWords(currency: string) {
  const { t, locale } = useI18n();
  const value = (dimension: Dimension, limit: string) => {
    if (dimension === "monetary") return formatMoney(limit, currency, locale);
    return t(dimension === "recency" ? "rfm.days" : "rfm.orders", { count: Number(limit) });
  };
  const orders = ({ from, to }: { from: number; to: number | null }) => {
    if (to === null) return t("rfm.orders_least", { from });
    return from === to ? t("rfm.orders", { count: to }) : t("rfm.orders_between", { from, to });
  };
  const range = (dimension: Dimension, { over, upTo }: Range) => {
    const counts = dimension === "frequency" ? wholeCounts({ over, upTo }) : null;
    if (counts) return orders(counts);
    if (over === null) return upTo === null ? "" : t("rfm.up_to", { upTo: value(dimension, upTo) });
    if (upTo === null) return t("rfm.over", { over: value(dimension, over) });
    const key = isEmptyRange({ over, upTo }) ? "rfm.nobody_between" : "rfm.over_up_to";
    return t(key, { over: value(dimension, over), upTo: value(dimension, upTo) });
  };
  const period = (days: number | null) =>
    days === null ? t("rfm.period_ever") : t("rfm.period_days", { count: days });
  return { range, period };
}

/** Without cents: a cell of the map is small. */
export function formatRounded(amount: string | null, currency: string, locale: string): string {
  if (amount === null) return formatMoney(amount, currency, locale);
  return new Intl.NumberFormat(locale, {
    style: "currency",
    currency,
    currencyDisplay: "narrowSymbol",
    maximumFractionDigits: 0,
  }).format(amount as Intl.StringNumericLiteral);
}
