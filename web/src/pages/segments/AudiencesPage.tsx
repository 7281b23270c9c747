import { useListState } from "@/app/list-state";
import { PageHead } from "@/components/PageHead";
import { useT } from "@/i18n";
import { AudienceList } from "./AudienceList";
import { SectionNav } from "./SectionNav";

export function Page() {
  const t = useT();
  return (
    <>
      <PageHead title={t("nav.segments")} documentTitle={t("segments.audiences")} />
      <SectionNav />
      <p className="secondary">{t("segments.audiences_text")}</p>
      <AudienceList state={useListState()} />
    </>
  );
}
