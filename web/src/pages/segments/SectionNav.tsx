import { useRouterState } from "@tanstack/react-router";
import { LinkTabs } from "@/components/LinkTabs";
import { useT } from "@/i18n";

const SECTIONS = [
  { path: "/segments", label: "segments.segments" },
  { path: "/segments/overlap", label: "segments.overlap" },
  { path: "/segments/audiences", label: "segments.audiences" },
  { path: "/tags", label: "tags.tags" },
  { path: "/rfm", label: "rfm.title" },
] as const;

/** The pages of one place of the console, each with an address of its own. */
export function SectionNav() {
  const t = useT();
  const at = useRouterState({ select: (state) => state.location.pathname });
  const active = SECTIONS.map(({ path }) => path).findLast((path) => at.startsWith(path));
  return (
    <LinkTabs
      label={t("nav.segments")}
      active={active ?? "/segments"}
      tabs={SECTIONS.map(({ path, label }) => ({ key: path, label: t(label), to: path }))}
    />
  );
}
