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
export type TagRules = Schemas["TagRulesOut"];
export type TagRule = Schemas["TagRuleOut"];
export type TagRulesBody = Schemas["TagRulesIn"];
export type ComputedPeople = Schemas["ComputedTagPeopleOut"];
export type ComputedTag = Schemas["ComputedTagOut"];
export type TagValueChange = Schemas["TagValueChangeOut"];

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

// --- computed tags ---

/** How many customers carry each computed tag; the dictionary itself counts static ones only. */
export const computedTagsQuery = queryOptions({
  queryKey: ["tags", "computed"],
  queryFn: () => send(client.GET("/api/v1/computed-tags")),
});

export const tagRulesQuery = (tagId: string) =>
  queryOptions({
    queryKey: ["tag", tagId, "rules"],
    queryFn: () => send(client.GET("/api/v1/tags/{tag_id}/rules", { params: { path: { tag_id: tagId } } })),
  });

export const saveTagRules = (tagId: string, body: TagRulesBody) =>
  send(client.PUT("/api/v1/tags/{tag_id}/rules", { params: { path: { tag_id: tagId } }, body }));

/** Rules as they are sent: what they say and how they stand is left out. */
export const toRuleBody = ({ value, label, condition }: TagRulesBody["rules"][number]) => ({
  value,
  label,
  condition,
});

export const tagMembersQuery = (tagId: string, value: string | undefined) =>
  infiniteQueryOptions({
    queryKey: ["tag", tagId, "members", value],
    queryFn: ({ pageParam, signal }) =>
      send(
        client.GET("/api/v1/tags/{tag_id}/members", {
          params: {
            path: { tag_id: tagId },
            query: { page_size: ROWS, value, ...(pageParam && { cursor: pageParam }) },
          },
          signal,
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
  });

export const tagChangesQuery = (tagId: string, value: string | undefined, person: string | undefined) =>
  infiniteQueryOptions({
    queryKey: ["tag", tagId, "changes", value, person],
    queryFn: ({ pageParam, signal }) =>
      send(
        client.GET("/api/v1/tags/{tag_id}/changes", {
          params: {
            path: { tag_id: tagId },
            query: { page_size: ROWS, value, person, ...(pageParam && { cursor: pageParam }) },
          },
          signal,
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
  });

export const explainTagQuery = (tagId: string, value: string, personId: string) =>
  queryOptions({
    queryKey: ["tag", tagId, "explanation", value, personId],
    queryFn: ({ signal }) =>
      send(
        client.GET("/api/v1/tags/{tag_id}/explain/{person_id}", {
          params: { path: { tag_id: tagId, person_id: personId }, query: { value } },
          signal,
        }),
      ),
  });

export const customerComputedTagsQuery = (customerId: string) =>
  queryOptions({
    queryKey: ["customer", customerId, "computed-tags"],
    queryFn: () =>
      send(
        client.GET("/api/v1/customers/{customer_id}/computed-tags", {
          params: { path: { customer_id: customerId } },
        }),
      ),
  });
