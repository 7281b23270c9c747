import { useParams } from "@tanstack/react-router";
import { type Permission, useMay } from "@/app/session";
import { PageHead } from "@/components/PageHead";
import { SectionTabs } from "@/components/SectionTabs";
import { type MessageKey, useT } from "@/i18n";
import { AboutSection } from "./AboutSection";
import { FieldsSection } from "./FieldsSection";
import { HealthSection } from "./HealthSection";
import { KeysSection } from "./KeysSection";
import { OperatorsSection } from "./OperatorsSection";
import { RulesSection } from "./RulesSection";

type Section = { key: string; label: MessageKey; permission?: Permission; Content: () => React.ReactNode };

const sections: Section[] = [
  {
    key: "operators",
    label: "settings.operators",
    permission: "operators.manage",
    Content: OperatorsSection,
  },
  { key: "fields", label: "settings.fields", permission: "settings.manage", Content: FieldsSection },
  { key: "rules", label: "settings.rules", permission: "settings.manage", Content: RulesSection },
  { key: "keys", label: "settings.keys", permission: "settings.manage", Content: KeysSection },
  { key: "health", label: "settings.health", permission: "system.manage", Content: HealthSection },
  { key: "about", label: "settings.about", Content: AboutSection },
];

export function Page() {
  const t = useT();
  const may = useMay();
  const { section }: { section?: string } = useParams({ strict: false });
  const shown = sections.filter((candidate) => !candidate.permission || may(candidate.permission));
  const active = shown.find((candidate) => candidate.key === section) ?? shown[0];
  if (!active) return null;
  return (
    <>
      <PageHead title={t("nav.settings")} documentTitle={t(active.label)} />
      <SectionTabs
        label={t("nav.settings")}
        base="/settings"
        active={active.key}
        sections={shown.map(({ key, label }) => ({ key, label: t(label) }))}
      />
      <active.Content key={active.key} />
    </>
  );
}
