import { useQuery } from "@tanstack/react-query";
import { Card, Flex, Select, Skeleton } from "antd";
import { explainTagQuery, type TagRules } from "@/api/tags";
import { useListState } from "@/app/list-state";
import { ExplanationTree } from "@/components/conditions/ExplanationTree";
import { PersonPicker } from "@/components/conditions/PersonPicker";
import { ErrorNotice } from "@/components/ErrorNotice";
import { useT } from "@/i18n";

/** Why one customer carries a value, or does not. Who and which value stay in the address. */
export function WhyTab({ tagId, rules }: { tagId: string; rules: TagRules }) {
  const t = useT();
  const { search, set } = useListState();
  const rule = rules.rules.find(({ value }) => value === search.value) ?? rules.rules[0];
  if (!rule) return <span className="secondary">{t("tags.rules_empty")}</span>;
  return (
    <Card size="small" style={{ maxWidth: 860 }}>
      <Flex gap={8} wrap>
        {rules.rules.length > 1 && (
          <Select<string>
            aria-label={t("tags.value")}
            value={rule.value}
            onChange={(value) => set({ value })}
            options={rules.rules.map(({ value, label }) => ({ value, label: label || value }))}
            popupMatchSelectWidth={false}
            style={{ minWidth: 140 }}
          />
        )}
        <div style={{ flex: "1 1 220px" }}>
          <PersonPicker value={search.person} onChange={(person) => set({ person })} />
        </div>
      </Flex>
      {search.person === undefined ? (
        <p className="secondary">{t("conditions.test_person_text")}</p>
      ) : (
        <Why tagId={tagId} value={rule.value} personId={search.person} />
      )}
    </Card>
  );
}

/** The rule of a value once more, each part with whether it holds and what the customer really has. */
export function Why({ tagId, value, personId }: { tagId: string; value: string; personId: string }) {
  const explained = useQuery(explainTagQuery(tagId, value, personId));
  if (explained.isPending) return <Skeleton active style={{ marginTop: 12 }} />;
  if (!explained.data) {
    return <ErrorNotice error={explained.error} onRetry={explained.refetch} style={{ marginTop: 12 }} />;
  }
  return (
    <div style={{ marginTop: 12 }}>
      <ExplanationTree explanation={explained.data} />
    </div>
  );
}
