import { queryOptions } from "@tanstack/react-query";
import { client, send } from "./client";

export const survivorshipQuery = queryOptions({
  queryKey: ["survivorship"],
  queryFn: () => send(client.GET("/api/v1/survivorship")),
  staleTime: 60_000,
});

/** The sources that customers came from. */
export const sourcesQuery = queryOptions({ ...survivorshipQuery, select: (data) => data.sources });
