import type { Schemas } from "@/api/client";

type Merge = Pick<Schemas["MergeOut"], "id" | "left_record_id" | "right_record_id" | "split_at">;

/**
 * Which records fall to either side when one merge is split: the two parts of what remains tied by the other merges.
 * The parts are equal when another merge still holds them together; then the split separates nothing.
 */
export function sidesAfterSplit(
  merges: readonly Merge[],
  split: Merge,
): { left: string[]; right: string[]; isSeparated: boolean } {
  const neighbours = new Map<string, string[]>();
  for (const merge of merges) {
    if (merge.id === split.id || merge.split_at) continue;
    neighbours.set(merge.left_record_id, [
      ...(neighbours.get(merge.left_record_id) ?? []),
      merge.right_record_id,
    ]);
    neighbours.set(merge.right_record_id, [
      ...(neighbours.get(merge.right_record_id) ?? []),
      merge.left_record_id,
    ]);
  }
  const reach = (start: string): Set<string> => {
    const seen = new Set([start]);
    const open = [start];
    for (let record = open.pop(); record !== undefined; record = open.pop()) {
      for (const next of neighbours.get(record) ?? []) {
        if (seen.has(next)) continue;
        seen.add(next);
        open.push(next);
      }
    }
    return seen;
  };
  const left = reach(split.left_record_id);
  const right = reach(split.right_record_id);
  return { left: [...left], right: [...right], isSeparated: !left.has(split.right_record_id) };
}
