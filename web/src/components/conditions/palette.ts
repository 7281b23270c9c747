/** Everything a row can be about, to be searched: fields, measures, sequences, segments and computed tags. */
import type { Translate } from "@/i18n";
import type { Catalogue } from "./catalogue";
import { fieldLeaf, measureLeaf, sequenceLeaf } from "./defaults";
import type { LeafJson } from "./language";

export type Entry = {
  key: string;
  group: string;
  label: string;
  description: string;
  make: () => LeafJson;
};

export function paletteEntries(catalogue: Catalogue, t: Translate): Entry[] {
  const { answer } = catalogue;
  const entries: Entry[] = [];
  for (const group of answer.groups) {
    for (const measure of answer.measures) {
      if (measure.group !== group.name) continue;
      entries.push({
        key: `measure:${measure.name}`,
        group: group.label,
        label: measure.label,
        description: measure.description,
        make: () => measureLeaf(catalogue, measure),
      });
    }
    for (const field of answer.fields) {
      if (field.group !== group.name) continue;
      entries.push({
        key: `field:${field.name}`,
        group: group.label,
        label: field.label,
        description: field.description,
        make: () => fieldLeaf(catalogue, field),
      });
    }
  }
  for (const source of answer.sources.filter((candidate) => candidate.has_moment)) {
    entries.push({
      key: `sequence:${source.name}`,
      group: t("conditions.group_sequences"),
      label: t("conditions.sequence_of", { source: source.label }),
      description: t("conditions.sequence_text"),
      make: () => sequenceLeaf(source),
    });
  }
  for (const { kind, key, name } of answer.references) {
    entries.push({
      key: `segment:${key}`,
      group: t(`conditions.group_${kind}`),
      label: name,
      description: key,
      make: () => ({ segment: key }),
    });
  }
  return entries;
}

/** Every word typed has to occur; hits in the label come before hits in the description or the group. */
export function searchEntries(entries: Entry[], text: string): Entry[] {
  const words = text.trim().toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return entries;
  const isIn = (where: string) => words.every((word) => where.toLowerCase().includes(word));
  const named = entries.filter((entry) => isIn(entry.label));
  const rest = entries.filter(
    (entry) => !isIn(entry.label) && isIn(`${entry.label} ${entry.group} ${entry.description} ${entry.key}`),
  );
  return [...named, ...rest];
}

/** By heading, in the order headings are first met. */
export function groupEntries(entries: Entry[]): Map<string, Entry[]> {
  const groups = new Map<string, Entry[]>();
  for (const entry of entries) {
    const members = groups.get(entry.group);
    if (members) members.push(entry);
    else groups.set(entry.group, [entry]);
  }
  return groups;
}
