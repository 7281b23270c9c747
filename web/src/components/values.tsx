import { Tooltip } from "antd";
import dayjs from "dayjs";
import { useI18n } from "@/i18n";

export const NOTHING = "–";

/** Decimals come as strings and are formatted as strings, so that no digit is lost on the way. */
export function formatMoney(
  amount: string | number | null | undefined,
  currency: string | null,
  locale: string,
): string {
  if (amount === null || amount === undefined || amount === "") return NOTHING;
  const value = amount as Intl.StringNumericLiteral;
  if (!currency)
    return new Intl.NumberFormat(locale, { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(
      value,
    );
  try {
    return new Intl.NumberFormat(locale, {
      style: "currency",
      currency,
      currencyDisplay: "narrowSymbol",
    }).format(value);
  } catch {
    return `${amount} ${currency}`; // A currency code that no standard knows is shown as it came.
  }
}

export function formatNumber(value: string | number | null | undefined, locale: string, digits = 0): string {
  if (value === null || value === undefined || value === "") return NOTHING;
  return new Intl.NumberFormat(locale, { maximumFractionDigits: digits }).format(
    value as Intl.StringNumericLiteral,
  );
}

export function formatShare(value: string | number | null | undefined, locale: string): string {
  if (value === null || value === undefined) return NOTHING;
  return new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 1 }).format(Number(value));
}

export function formatBytes(bytes: number | null | undefined, locale: string): string {
  if (bytes === null || bytes === undefined) return NOTHING;
  const units = ["B", "KB", "MB", "GB", "TB"];
  const power = bytes > 0 ? Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10)) : 0;
  const value = bytes / 1024 ** power;
  return `${value.toLocaleString(locale, { maximumFractionDigits: power && value < 100 ? 1 : 0 })} ${units[power]}`;
}

/** Chinese mobile numbers as people write them; others as they are (E.164). Masked ones stay masked. */
export function formatPhone(phone: string): string {
  const local = /^\+86(1[\d*]{10})$/.exec(phone)?.[1];
  return local ? `${local.slice(0, 3)} ${local.slice(3, 7)} ${local.slice(7)}` : phone;
}

export function Money(props: { amount: string | number | null | undefined; currency?: string | null }) {
  const { locale } = useI18n();
  return <span className="num">{formatMoney(props.amount, props.currency ?? null, locale)}</span>;
}

export function Num(props: { value: string | number | null | undefined; digits?: number }) {
  const { locale } = useI18n();
  return <span className="num">{formatNumber(props.value, locale, props.digits)}</span>;
}

/** A moment in the reader's own time zone; the exact second and zone on hover. */
export function Moment({ at, withTime = true }: { at: string | null | undefined; withTime?: boolean }) {
  if (!at) return <span className="secondary">{NOTHING}</span>;
  const moment = dayjs(at);
  return (
    <Tooltip title={moment.format("YYYY-MM-DD HH:mm:ss Z")}>
      <time dateTime={at} className="num">
        {moment.format(withTime ? "YYYY-MM-DD HH:mm" : "YYYY-MM-DD")}
      </time>
    </Tooltip>
  );
}
