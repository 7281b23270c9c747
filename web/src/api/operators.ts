import { queryOptions } from "@tanstack/react-query";
import { client, send } from "./client";

export const operatorsQuery = queryOptions({
  queryKey: ["operators"],
  queryFn: () => send(client.GET("/api/v1/operators")),
});
