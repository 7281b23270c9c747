import { useQuery } from "@tanstack/react-query";
import { Card, Skeleton } from "antd";
import { useState } from "react";
import { explainConditionQuery } from "@/api/segments";
import { ErrorNotice } from "@/components/ErrorNotice";
import { useT } from "@/i18n";
import { ExplanationTree } from "./ExplanationTree";
import type { ConditionJson } from "./language";
import { PersonPicker } from "./PersonPicker";

type Props = { condition: ConditionJson; zone: string | null; isReady: boolean };

/** Why one customer fits the condition as it is on the page, or does not. */
export function PersonTest({ condition, zone, isReady }: Props) {
  const t = useT();
  const [personId, setPersonId] = useState<string>();
  const explained = useQuery({
    ...explainConditionQuery(condition, zone, personId ?? ""),
    enabled: personId !== undefined && isReady,
  });
  return (
    <Card size="small" title={t("conditions.test_person")}>
      <PersonPicker value={personId} onChange={setPersonId} />
      {personId && explained.isLoading && <Skeleton active style={{ marginTop: 12 }} />}
      {personId && explained.isError && (
        <ErrorNotice error={explained.error} onRetry={explained.refetch} style={{ marginTop: 12 }} />
      )}
      {personId && explained.data && (
        <div className={explained.isPlaceholderData ? "is-stale" : ""} style={{ marginTop: 12 }}>
          <ExplanationTree explanation={explained.data} />
        </div>
      )}
      {!personId && <p className="secondary">{t("conditions.test_person_text")}</p>}
    </Card>
  );
}
