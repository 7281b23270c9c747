import type { SegmentFile } from "@/api/segments";

/** A file of definitions, or null for any other text. What is in the definitions is for the server to judge. */
export function readSegmentFile(text: string): SegmentFile | null {
  try {
    const json: unknown = JSON.parse(text);
    const isFile =
      typeof json === "object" && json !== null && "segments" in json && Array.isArray(json.segments);
    return isFile ? (json as SegmentFile) : null;
  } catch {
    return null;
  }
}
