import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { client, send } from "./client";

export const actorsQuery = queryOptions({
  queryKey: ["actors"],
  queryFn: () => send(client.GET("/api/v1/actors")),
  staleTime: 5 * 60_000,
});

type Names = ReadonlyMap<string, string>;
const NOBODY: Names = new Map();

function distinct(ids: (string | null | undefined)[]): string[] {
  return [...new Set(ids.filter((id): id is string => Boolean(id)))].sort();
}

function byId(found: { id: string; name: string | null }[]): Names {
  return new Map(found.flatMap(({ id, name }) => (name ? [[id, name] as const] : [])));
}

/** Names to stand in place of customer ids, as the reader may see them; people without a name are absent. */
export function useCustomerNames(ids: (string | null | undefined)[]): Names {
  const wanted = distinct(ids);
  const names = useQuery({
    queryKey: ["customer-names", wanted],
    queryFn: ({ signal }) =>
      send(client.GET("/api/v1/customer-names", { params: { query: { id: wanted } }, signal })),
    select: byId,
    enabled: wanted.length > 0,
    placeholderData: keepPreviousData,
  });
  return names.data ?? NOBODY;
}

/** Names of products by id; products that nobody named are absent. */
export function useProductNames(ids: (string | null | undefined)[], isAllowed: boolean): Names {
  const wanted = distinct(ids);
  const names = useQuery({
    queryKey: ["product-names", wanted],
    queryFn: ({ signal }) =>
      send(client.GET("/api/v1/product-names", { params: { query: { id: wanted } }, signal })),
    select: byId,
    enabled: isAllowed && wanted.length > 0,
    placeholderData: keepPreviousData,
  });
  return names.data ?? NOBODY;
}
