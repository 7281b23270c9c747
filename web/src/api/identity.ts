import { queryOptions } from "@tanstack/react-query";
import { client, send } from "./client";

export const identifiersQuery = (customerId: string) =>
  queryOptions({
    queryKey: ["customer", customerId, "identifiers"],
    queryFn: () =>
      send(
        client.GET("/api/v1/customers/{customer_id}/identifiers", {
          params: { path: { customer_id: customerId } },
        }),
      ),
  });

export const mergesQuery = (customerId: string) =>
  queryOptions({
    queryKey: ["customer", customerId, "merges"],
    queryFn: () =>
      send(
        client.GET("/api/v1/customers/{customer_id}/merges", {
          params: { path: { customer_id: customerId } },
        }),
      ),
  });

export const mergePreviewQuery = (customerId: string, other: string) =>
  queryOptions({
    queryKey: ["merge-preview", customerId, other],
    queryFn: () =>
      send(
        client.GET("/api/v1/customers/{customer_id}/merge-preview", {
          params: { path: { customer_id: customerId }, query: { other } },
        }),
      ),
    staleTime: 0,
  });
