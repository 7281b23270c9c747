import { useParams } from "@tanstack/react-router";
import { type Permission, useMay } from "@/app/session";
import { PageHead } from "@/components/PageHead";
import { SectionTabs } from "@/components/SectionTabs";
import { type MessageKey, useT } from "@/i18n";
import { CodesSection } from "./CodesSection";
import { ImportsSection } from "./ImportsSection";
import { LettersSection } from "./LettersSection";
import { RefundsSection } from "./RefundsSection";
import { ReviewsSection } from "./ReviewsSection";

type Section = { key: string; label: MessageKey; permission: Permission; Content: () => React.ReactNode };

const sections: Section[] = [
  { key: "imports", label: "data.imports", permission: "imports.read", Content: ImportsSection },
  { key: "dead-letters", label: "data.dead_letters", permission: "imports.read", Content: LettersSection },
  { key: "reviews", label: "data.reviews", permission: "customers.read", Content: ReviewsSection },
  { key: "refunds", label: "data.refunds", permission: "orders.read", Content: RefundsSection },
  { key: "codes", label: "data.codes", permission: "products.read", Content: CodesSection },
];

export function Page() {
  const t = useT();
  const may = useMay();
  const { section }: { section?: string } = useParams({ strict: false });
  const shown = sections.filter((candidate) => may(candidate.permission));
  const active = shown.find((candidate) => candidate.key === section) ?? shown[0];
  if (!active) return null;
  return (
    <>
      <PageHead title={t("nav.data")} documentTitle={t(active.label)} />
      <SectionTabs
        label={t("nav.data")}
        base="/data"
        active={active.key}
        sections={shown.map(({ key, label }) => ({ key, label: t(label) }))}
      />
      <active.Content key={active.key} />
    </>
  );
}
