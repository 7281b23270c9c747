import { Card, Flex } from "antd";
import { useListState } from "@/app/list-state";
import { PageHead } from "@/components/PageHead";
import { useT } from "@/i18n";
import { AlgebraBuilder } from "./AlgebraBuilder";
import { OverlapMatrix } from "./OverlapMatrix";
import { SectionNav } from "./SectionNav";
import { SegmentChoice } from "./SegmentChoice";

/** Segments side by side and combined; the chosen ones stay in the address. */
export function Page() {
  const t = useT();
  const { search, set } = useListState();
  const ids = (search.ids ?? "").split(",").filter(Boolean);
  return (
    <>
      <PageHead title={t("nav.segments")} documentTitle={t("segments.overlap")} />
      <SectionNav />
      <Flex vertical gap={16}>
        <Card size="small" title={t("segments.overlap")}>
          <Flex vertical gap={12}>
            <SegmentChoice ids={ids} onChange={(chosen) => set({ ids: chosen.join(",") || undefined })} />
            <OverlapMatrix ids={ids} />
          </Flex>
        </Card>
        <AlgebraBuilder start={ids} />
      </Flex>
    </>
  );
}
