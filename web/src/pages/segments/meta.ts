import type { Schemas } from "@/api/client";
import type { SegmentDetail } from "@/api/segments";

export type SegmentMeta = {
  key: string;
  name: string;
  description: string;
  kind: Schemas["SegmentKind"];
  /** Empty: the installation's. */
  zone: string;
  note: string;
};

const KEY_LETTERS = 6;
const BASE = 36;
export const KEY_PATTERN = /^[a-z][a-z0-9_]{0,62}$/;

/** A key nobody has to invent; whoever uses it in files or programs gives it a better one before saving. */
export function proposedKey(): string {
  return `segment_${Math.random().toString(BASE).slice(2).padEnd(KEY_LETTERS, "0").slice(0, KEY_LETTERS)}`;
}

export function newMeta(copied: SegmentDetail | null): SegmentMeta {
  return {
    key: proposedKey(),
    name: "",
    description: copied?.description ?? "",
    kind: copied?.kind ?? "dynamic",
    zone: copied?.zone ?? "",
    note: "",
  };
}

export function toMeta({ key, name, description, kind, zone }: SegmentDetail): SegmentMeta {
  return { key, name, description, kind, zone: zone ?? "", note: "" };
}

export function isSame(one: SegmentMeta, other: SegmentMeta): boolean {
  return (Object.keys(one) as (keyof SegmentMeta)[]).every((name) => one[name] === other[name]);
}
