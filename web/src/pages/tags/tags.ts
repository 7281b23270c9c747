import type { Tag } from "@/api/tags";

/** Stands for tags without a group among ids of groups. */
export const NO_GROUP = "none";

type Wanted = { q?: string | undefined; group?: string | undefined; kind?: string | undefined };

/** The tags that fit all of search words, group and kind. The dictionary is small enough to be here as a whole. */
export function narrowTags(tags: Tag[], { q, group, kind }: Wanted): Tag[] {
  const words = q?.trim().toLowerCase();
  return tags.filter(
    (tag) =>
      (!group || (tag.group_id ?? NO_GROUP) === group) &&
      (!kind || tag.kind === kind) &&
      (!words || [tag.name, tag.key, tag.description].some((text) => text.toLowerCase().includes(words))),
  );
}

/** Choices of tags by group, as a select takes them. */
export function tagChoices(tags: Tag[], noGroup: string) {
  const groups = new Map<string, { value: string; label: string }[]>();
  for (const tag of tags) {
    const name = tag.group_name ?? noGroup;
    groups.set(name, [...(groups.get(name) ?? []), { value: tag.id, label: tag.name }]);
  }
  return [...groups].map(([label, options]) => ({ label, options }));
}

/** What a rule's value is and how pages call it, while somebody writes it. */
export type RuleText = { value: string; label: string };

/** The rules with one of them at another place. */
export function moveRule<Rule>(rules: readonly Rule[], from: number, to: number): Rule[] {
  const moved = rules.filter((_, place) => place !== from);
  moved.splice(to, 0, ...rules.slice(from, from + 1));
  return moved;
}
