import { LinkTabs } from "./LinkTabs";

type Section = { key: string; label: string; isShown?: boolean };
type Props = { label: string; base: string; active: string; sections: Section[] };

/** Sections of a place, each with an address of its own below the place's. */
export function SectionTabs({ label, base, active, sections }: Props) {
  const shown = sections.filter((section) => section.isShown !== false);
  return (
    <LinkTabs
      label={label}
      active={active}
      tabs={shown.map(({ key, label: text }) => ({ key, label: text, to: `${base}/${key}` }))}
    />
  );
}
