import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { ConditionJson } from "@/components/conditions/language";
import { client, type Schemas, send } from "./client";
import { previewCondition, toCondition } from "./segments";

export type Blueprint = Schemas["BlueprintOut"];
export type Setting = Schemas["SettingOut"];
export type Settings = Record<string, string>;
export type Built = Schemas["BuiltOut"];
export type BuiltValue = Schemas["BuiltValueOut"];
export type Made = Schemas["MadeOut"];
export type RfmModel = Schemas["RfmOut"];
export type RfmBody = Schemas["RfmIn"];
export type Scale = Schemas["ScaleModel-Output"];
export type Binning = Schemas["Binning"];
export type Region = Schemas["RegionModel"];
export type Heatmap = Schemas["HeatmapOut"];
export type HeatCell = Schemas["HeatCellOut"];
export type RegionSize = Schemas["RegionSizeOut"];

/** Counts stay true for the time one looks at a form; an older one is only a little old. */
const COUNT_STALE_MS = 60_000;

export const blueprintsQuery = (locale: string) =>
  queryOptions({
    queryKey: ["blueprints", locale],
    queryFn: () => send(client.GET("/api/v1/blueprints")),
    staleTime: 5 * 60_000,
  });

export const builtQuery = (name: string, settings: Settings, locale: string) =>
  queryOptions({
    queryKey: ["blueprint", name, settings, locale],
    queryFn: ({ signal }) =>
      send(
        client.POST("/api/v1/blueprints/{name}/build", {
          params: { path: { name } },
          body: { settings },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });

/** How many people that is. The editor names who asks, so that an older count of the same one ends. */
export const countQuery = (condition: ConditionJson, editor: string) =>
  queryOptions({
    queryKey: ["condition-count", condition],
    queryFn: ({ signal }) => previewCondition(condition, null, editor, signal),
    staleTime: COUNT_STALE_MS,
    placeholderData: keepPreviousData,
  });

export async function makeFromBlueprint(name: string, body: Schemas["MakeIn"]): Promise<Made> {
  return send(client.POST("/api/v1/blueprints/{name}", { params: { path: { name } }, body }));
}

// The client widens the pairs of a region's scores to lists; what arrives are pairs.
export const rfmQuery = queryOptions({
  queryKey: ["rfm"],
  queryFn: async () => (await send(client.GET("/api/v1/rfm"))) as RfmModel,
});

export const heatmapQuery = (locale: string) =>
  queryOptions({
    queryKey: ["rfm", "heatmap", locale],
    queryFn: async ({ signal }) => (await send(client.GET("/api/v1/rfm/heatmap", { signal }))) as Heatmap,
    staleTime: COUNT_STALE_MS,
  });

export async function saveRfm(body: RfmBody): Promise<RfmModel> {
  return (await send(client.PUT("/api/v1/rfm", { body }))) as RfmModel;
}

/** The address of the segment editor, filled in with a condition. */
export function newSegmentSearch(condition: Record<string, unknown>, name: string) {
  return { condition: JSON.stringify(toCondition(condition)), name };
}
