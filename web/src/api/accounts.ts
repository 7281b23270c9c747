import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { client, type Schemas, send } from "./client";

export type Account = Schemas["AccountOut"];
export type AccountDetail = Schemas["AccountDetailOut"];
export type Receivable = Schemas["ReceivableOut"];
export type Totals = Schemas["ReceivableTotalsOut"];

type AccountQuery = {
  query?: string;
  state?: Schemas["AccountState"];
  overdue?: boolean;
  sort?: Schemas["AccountSort"];
  page: number;
  page_size: number;
};

export const accountsQuery = (query: AccountQuery) =>
  queryOptions({
    queryKey: ["accounts", query],
    queryFn: ({ signal }) => send(client.GET("/api/v1/accounts", { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });

export const receivableTotalsQuery = queryOptions({
  queryKey: ["accounts", "totals"],
  queryFn: () => send(client.GET("/api/v1/receivables/totals")),
});

export const accountQuery = (accountId: string) =>
  queryOptions({
    queryKey: ["account", accountId],
    queryFn: () =>
      send(client.GET("/api/v1/accounts/{account_id}", { params: { path: { account_id: accountId } } })),
  });

export const accountReceivablesQuery = (accountId: string, page: number, pageSize: number) =>
  queryOptions({
    queryKey: ["account", accountId, "receivables", page, pageSize],
    queryFn: () =>
      send(
        client.GET("/api/v1/accounts/{account_id}/receivables", {
          params: { path: { account_id: accountId }, query: { page, page_size: pageSize } },
        }),
      ),
    placeholderData: keepPreviousData,
  });

export function removeContact(accountId: string, customerId: string) {
  return send(
    client.DELETE("/api/v1/accounts/{account_id}/contacts/{customer_id}", {
      params: { path: { account_id: accountId, customer_id: customerId } },
    }),
  );
}
