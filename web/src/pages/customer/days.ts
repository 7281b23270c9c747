import dayjs from "dayjs";

type Dated = { occurred_at: string };

/** Groups entries that come newest first by the reader's own day; order is kept. */
export function groupByDay<Entry extends Dated>(
  entries: readonly Entry[],
): { day: string; items: Entry[] }[] {
  const days: { day: string; items: Entry[] }[] = [];
  for (const entry of entries) {
    const day = dayjs(entry.occurred_at).format("YYYY-MM-DD");
    const last = days.at(-1);
    if (last?.day === day) last.items.push(entry);
    else days.push({ day, items: [entry] });
  }
  return days;
}
