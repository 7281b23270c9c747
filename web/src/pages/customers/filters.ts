import dayjs from "dayjs";
import type { Schemas } from "@/api/client";
import type { ListState } from "@/app/list-state";
import type { Search } from "@/app/search";

export const IDENTIFIER_KINDS: Schemas["IdentifierKind"][] = [
  "phone",
  "unionid",
  "openid",
  "external_userid",
  "erp_code",
  "card",
  "email",
  "device",
];
export const SORTS: Schemas["CustomerSort"][] = [
  "-last_ordered_at",
  "last_ordered_at",
  "-first_ordered_at",
  "first_ordered_at",
  "-net_spend",
  "net_spend",
  "-orders",
  "orders",
  "-refund_amount",
  "refund_amount",
  "name",
  "-name",
  "-created_at",
  "created_at",
];
/** Names of filters in the address, besides `q`; custom fields follow as `field.<name>`. */
export const FILTERS = ["orders", "from", "to", "min", "max", "city", "source", "identifier", "tag"] as const;
const FIELD_PREFIX = "field.";

const isNumber = (text: string | undefined) =>
  text !== undefined && text !== "" && Number.isFinite(Number(text));

/** What the address says, as the API's filter; what makes no sense is left out. The last day counts as a whole. */
export function toQuery(search: Search) {
  const { q, orders, from, to, min, max, city, source, identifier, tag, sort } = search;
  const fields = Object.entries(search).flatMap(([name, value]) =>
    name.startsWith(FIELD_PREFIX) && value ? [`${name.slice(FIELD_PREFIX.length)}:${value}`] : [],
  );
  return {
    query: q || undefined,
    has_orders: orders === "yes" ? true : orders === "no" ? false : undefined,
    last_ordered_from: from && dayjs(from).isValid() ? dayjs(from).startOf("day").toISOString() : undefined,
    last_ordered_to:
      to && dayjs(to).isValid() ? dayjs(to).add(1, "day").startOf("day").toISOString() : undefined,
    net_spend_min: isNumber(min) ? min : undefined,
    net_spend_max: isNumber(max) ? max : undefined,
    city: city || undefined,
    source: source || undefined,
    identifier_kind: IDENTIFIER_KINDS.find((kind) => kind === identifier),
    tag: tag || undefined,
    field: fields.length > 0 ? fields : undefined,
    sort: SORTS.find((candidate) => candidate === sort),
  };
}

export function countFilters(state: ListState): number {
  const { search } = state;
  const fields = Object.keys(search).filter((name) => name.startsWith(FIELD_PREFIX) && search[name]);
  const period = search.from || search.to ? 1 : 0;
  const plain = FILTERS.filter((name) => name !== "from" && name !== "to" && search[name]);
  return fields.length + period + plain.length;
}
