import { queryOptions } from "@tanstack/react-query";
import { client, type Schemas, send } from "./client";

export type CustomerRow = Schemas["CustomerRowOut"];
export type Customer = Schemas["CustomerOut"];
export type CustomerField = Schemas["FieldListOut"]["items"][number];
export type Provenance = Schemas["ProvenanceOut"];

export const fieldsQuery = queryOptions({
  queryKey: ["customer-fields"],
  queryFn: () => send(client.GET("/api/v1/customer-fields")),
  staleTime: 60_000,
});

export const customerQuery = (customerId: string) =>
  queryOptions({
    queryKey: ["customer", customerId],
    queryFn: () =>
      send(client.GET("/api/v1/customers/{customer_id}", { params: { path: { customer_id: customerId } } })),
  });
