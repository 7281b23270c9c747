import { useQuery } from "@tanstack/react-query";
import { Card, Skeleton } from "antd";
import { explainSegmentQuery } from "@/api/segments";
import { useListState } from "@/app/list-state";
import { ExplanationTree } from "@/components/conditions/ExplanationTree";
import { PersonPicker } from "@/components/conditions/PersonPicker";
import { ErrorNotice } from "@/components/ErrorNotice";
import { useT } from "@/i18n";

/** Why one customer is in the segment, or is not. Who was chosen stays in the address. */
export function WhyTab({ segmentId }: { segmentId: string }) {
  const t = useT();
  const { search, set } = useListState();
  const { person } = search;
  const explained = useQuery({
    ...explainSegmentQuery(segmentId, person ?? ""),
    enabled: person !== undefined,
  });
  return (
    <Card size="small" style={{ maxWidth: 860 }}>
      <PersonPicker value={person} onChange={(id) => set({ person: id })} />
      {person === undefined && <p className="secondary">{t("conditions.test_person_text")}</p>}
      {person !== undefined && explained.isLoading && <Skeleton active style={{ marginTop: 12 }} />}
      {explained.isError && (
        <ErrorNotice error={explained.error} onRetry={explained.refetch} style={{ marginTop: 12 }} />
      )}
      {person !== undefined && explained.data && (
        <div style={{ marginTop: 12 }}>
          <ExplanationTree explanation={explained.data} />
        </div>
      )}
    </Card>
  );
}
