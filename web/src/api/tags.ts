import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { client, type Schemas, send } from "./client";

export type Tag = Schemas["TagOut"];
export type TagRef = Schemas["TagRefOut"];
export type TagGroup = Schemas["TagGroupOut"];
export type CarriedTag = Schemas["CarriedTagOut"];
export type Carrier = Schemas["TagCarrierOut"];
export type TagChange = Schemas["TagHistoryEntryOut"];
export type TagOperation = Schemas["TagOperationOut"];
export type TagPreview = Schemas["TagPreviewOut"];
export type BulkBody = Schemas["TagBulkIn"];

const ROWS = 50;
const PROGRESS_MS = 1_000;

export const tagsQuery = (withArchived: boolean) =>
  queryOptions({
    queryKey: ["tags", withArchived],
    queryFn: () => send(client.GET("/api/v1/tags", { params: { query: { with_archived: withArchived } } })),
  });

export const tagQuery = (tagId: string) =>
  queryOptions({
    queryKey: ["tag", tagId],
    queryFn: () => send(client.GET("/api/v1/tags/{tag_id}", { params: { path: { tag_id: tagId } } })),
  });

export const carriersQuery = (tagId: string) =>
  infiniteQueryOptions({
    queryKey: ["tag", tagId, "people"],
    queryFn: ({ pageParam }) =>
      send(
        client.GET("/api/v1/tags/{tag_id}/people", {
          params: { path: { tag_id: tagId }, query: { after: pageParam, limit: ROWS } },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_after ?? undefined,
  });

export const tagHistoryQuery = (tagId: string) =>
  infiniteQueryOptions({
    queryKey: ["tag", tagId, "history"],
    queryFn: ({ pageParam }) =>
      send(
        client.GET("/api/v1/tags/{tag_id}/history", {
          params: { path: { tag_id: tagId }, query: { before: pageParam, limit: ROWS } },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_before ?? undefined,
  });

export const customerTagsQuery = (customerId: string) =>
  queryOptions({
    queryKey: ["customer", customerId, "tags"],
    queryFn: () =>
      send(
        client.GET("/api/v1/customers/{customer_id}/tags", {
          params: { path: { customer_id: customerId } },
        }),
      ),
  });

export const customerTagHistoryQuery = (customerId: string) =>
  infiniteQueryOptions({
    queryKey: ["customer", customerId, "tag-history"],
    queryFn: ({ pageParam }) =>
      send(
        client.GET("/api/v1/customers/{customer_id}/tags/history", {
          params: { path: { customer_id: customerId }, query: { before: pageParam, limit: ROWS } },
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_before ?? undefined,
  });

export const isRunning = (operation: TagOperation) =>
  operation.state === "waiting" || operation.state === "running";

/** Operations of a tag; asked for again while one is running. */
export const tagOperationsQuery = (tagId: string, page: number, pageSize: number) =>
  queryOptions({
    queryKey: ["tag", tagId, "operations", page, pageSize],
    queryFn: () =>
      send(
        client.GET("/api/v1/tag-operations", {
          params: { query: { tag_id: tagId, page, page_size: pageSize } },
        }),
      ),
    refetchInterval: ({ state }) => (state.data?.items.some(isRunning) ? PROGRESS_MS : false),
  });

export function changeMany(tagId: string, isRemoval: boolean, body: BulkBody) {
  const options = { params: { path: { tag_id: tagId } }, body };
  return isRemoval
    ? send(client.POST("/api/v1/tags/{tag_id}/unassign", options))
    : send(client.POST("/api/v1/tags/{tag_id}/assign", options));
}
