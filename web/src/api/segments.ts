import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { ConditionJson } from "@/components/conditions/language";
import { client, noteSessionProblem, requestHeaders, type Schemas, send } from "./client";
import { toProblemError } from "./problem";

export type Segment = Schemas["SegmentOut"];
export type SegmentDetail = Schemas["SegmentDetailOut"];
export type SegmentVersion = Schemas["SegmentVersionOut"];
export type SegmentChange = Schemas["SegmentChangeOut"];
export type TrendDay = Schemas["TrendDayOut"];
export type Distribution = Schemas["DistributionOut"];
export type Overlap = Schemas["OverlapOut"];
export type SetExpression = Schemas["SetExpressionIn"];
export type Audience = Schemas["AudienceOut"];
export type Explanation = Schemas["ExplanationOut"];
export type ExplanationNode = Schemas["ExplanationNodeOut"];
export type ConditionProblem = Schemas["ConditionProblemOut"];
export type ConditionPreview = Schemas["ConditionPreviewOut"];
export type SegmentFile = Schemas["SegmentFile"];
export type SegmentImport = Schemas["SegmentImportOut"];
/** A field, or a column of a source, whose values are looked up. */
export type SuggestFrom = { field?: string; source?: string; column?: string; property?: string };

const MEMBERS_PER_PAGE = 50;
/** A list to choose from; searching narrows it further. */
const CHOICES = 100;

/** The server's words for a condition are plain objects to the type of the API. */
export const toBody = (condition: ConditionJson) => condition as unknown as Record<string, unknown>;
export const toCondition = (json: Record<string, unknown>) => json as unknown as ConditionJson;

export const catalogueQuery = (locale: string) =>
  queryOptions({
    queryKey: ["condition-catalogue", locale],
    queryFn: () => send(client.GET("/api/v1/conditions/catalogue")),
    staleTime: 5 * 60_000,
  });

export const conditionValuesQuery = (from: SuggestFrom, text: string) =>
  queryOptions({
    queryKey: ["condition-values", from, text],
    queryFn: ({ signal }) =>
      send(
        client.GET("/api/v1/conditions/values", {
          params: { query: { ...from, ...(text && { query: text }) } },
          signal,
        }),
      ),
    staleTime: 60_000,
  });

export async function checkCondition(condition: ConditionJson, signal: AbortSignal) {
  return send(client.POST("/api/v1/conditions/check", { body: { condition: toBody(condition) }, signal }));
}

export async function previewCondition(
  condition: ConditionJson,
  zone: string | null,
  editor: string,
  signal: AbortSignal,
): Promise<ConditionPreview> {
  return send(
    client.POST("/api/v1/conditions/preview", {
      body: { condition: toBody(condition), zone, editor, sample: 10 },
      signal,
    }),
  );
}

export const explainConditionQuery = (condition: ConditionJson, zone: string | null, personId: string) =>
  queryOptions({
    queryKey: ["condition-explanation", condition, zone, personId],
    queryFn: ({ signal }) =>
      send(
        client.POST("/api/v1/conditions/explain", {
          body: { condition: toBody(condition), zone, person_id: personId },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });

type ListFilter = {
  query?: string | undefined;
  kind?: Schemas["SegmentKind"] | undefined;
  state?: Schemas["SegmentState"] | undefined;
  health?: Schemas["Health"] | undefined;
  page: number;
  page_size: number;
};

export const segmentsQuery = (query: ListFilter) =>
  queryOptions({
    queryKey: ["segments", query],
    queryFn: ({ signal }) => send(client.GET("/api/v1/segments", { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });

/** Segments to choose from, by name. */
export const segmentChoicesQuery = segmentsQuery({ page: 1, page_size: CHOICES });

export const segmentQuery = (segmentId: string) =>
  queryOptions({
    queryKey: ["segment", segmentId],
    queryFn: () =>
      send(client.GET("/api/v1/segments/{segment_id}", { params: { path: { segment_id: segmentId } } })),
  });

export const versionsQuery = (segmentId: string) =>
  queryOptions({
    queryKey: ["segment", segmentId, "versions"],
    queryFn: () =>
      send(
        client.GET("/api/v1/segments/{segment_id}/versions", { params: { path: { segment_id: segmentId } } }),
      ),
  });

export const trendQuery = (segmentId: string, days: number) =>
  queryOptions({
    queryKey: ["segment", segmentId, "trend", days],
    queryFn: ({ signal }) =>
      send(
        client.GET("/api/v1/segments/{segment_id}/trend", {
          params: { path: { segment_id: segmentId }, query: { days } },
          signal,
        }),
      ),
    staleTime: 60_000,
  });

export const membersQuery = (segmentId: string) =>
  infiniteQueryOptions({
    queryKey: ["segment", segmentId, "members"],
    queryFn: ({ pageParam, signal }) =>
      send(
        client.GET("/api/v1/segments/{segment_id}/members", {
          params: {
            path: { segment_id: segmentId },
            query: { page_size: MEMBERS_PER_PAGE, ...(pageParam && { cursor: pageParam }) },
          },
          signal,
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
  });

export const changesQuery = (segmentId: string, person: string | undefined) =>
  infiniteQueryOptions({
    queryKey: ["segment", segmentId, "changes", person],
    queryFn: ({ pageParam, signal }) =>
      send(
        client.GET("/api/v1/segments/{segment_id}/changes", {
          params: {
            path: { segment_id: segmentId },
            query: {
              page_size: MEMBERS_PER_PAGE,
              ...(person && { person }),
              ...(pageParam && { cursor: pageParam }),
            },
          },
          signal,
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
  });

export const explainSegmentQuery = (segmentId: string, personId: string) =>
  queryOptions({
    queryKey: ["segment", segmentId, "explanation", personId],
    queryFn: ({ signal }) =>
      send(
        client.GET("/api/v1/segments/{segment_id}/explain/{person_id}", {
          params: { path: { segment_id: segmentId, person_id: personId } },
          signal,
        }),
      ),
  });

export const profileQuery = (segmentId: string, fields: string[]) =>
  queryOptions({
    queryKey: ["segment", segmentId, "profile", fields],
    queryFn: ({ signal }) =>
      send(
        client.POST("/api/v1/segments/{segment_id}/profile", {
          params: { path: { segment_id: segmentId } },
          body: { fields },
          signal,
        }),
      ),
    enabled: fields.length > 0,
    placeholderData: keepPreviousData,
  });

export const overlapQuery = (ids: string[]) =>
  queryOptions({
    queryKey: ["segments", "overlap", ids],
    queryFn: ({ signal }) => send(client.POST("/api/v1/segments/overlap", { body: { ids }, signal })),
    enabled: ids.length > 1,
    placeholderData: keepPreviousData,
  });

export const algebraQuery = (expression: SetExpression | null) =>
  queryOptions({
    queryKey: ["segments", "algebra", expression],
    queryFn: ({ signal }) =>
      send(
        client.POST("/api/v1/segments/algebra", {
          body: { expression: expression ?? {}, sample: 10 },
          signal,
        }),
      ),
    enabled: expression !== null,
    placeholderData: keepPreviousData,
  });

export const audiencesQuery = (query: { page: number; page_size: number; segment?: string }) =>
  queryOptions({
    queryKey: ["audiences", query],
    queryFn: ({ signal }) => send(client.GET("/api/v1/audiences", { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });

export const audienceQuery = (audienceId: string) =>
  queryOptions({
    queryKey: ["audience", audienceId],
    queryFn: () =>
      send(client.GET("/api/v1/audiences/{audience_id}", { params: { path: { audience_id: audienceId } } })),
  });

export const audienceMembersQuery = (audienceId: string) =>
  infiniteQueryOptions({
    queryKey: ["audience", audienceId, "members"],
    queryFn: ({ pageParam, signal }) =>
      send(
        client.GET("/api/v1/audiences/{audience_id}/members", {
          params: {
            path: { audience_id: audienceId },
            query: { page_size: MEMBERS_PER_PAGE, ...(pageParam && { cursor: pageParam }) },
          },
          signal,
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
  });

export const exportColumnsQuery = (locale: string) =>
  queryOptions({
    queryKey: ["segment-export-columns", locale],
    queryFn: () => send(client.GET("/api/v1/segments-export/columns")),
    staleTime: 60_000,
  });

/** Fetched first and saved then, so that a refusal is told in words instead of becoming a file. */
export async function downloadPeople(
  subject: "segments" | "audiences",
  id: string,
  body: Schemas["SegmentExportIn"],
): Promise<void> {
  let response: Response;
  try {
    response = await fetch(`/api/v1/${subject}/${encodeURIComponent(id)}/export`, {
      method: "POST",
      headers: { ...requestHeaders(), "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
  } catch {
    throw toProblemError(null, 0);
  }
  if (!response.ok) {
    const error = toProblemError(await response.json().catch(() => null), response.status);
    noteSessionProblem(error);
    throw error;
  }
  const name = /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition") ?? "")?.[1];
  saveFile(await response.blob(), name ?? `people.${body.format}`);
}

const URL_KEPT_MS = 60_000;

export function saveFile(content: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), URL_KEPT_MS);
}
