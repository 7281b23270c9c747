import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Card, Flex, Select, Skeleton, Switch } from "antd";
import { useState } from "react";
import { client, type Schemas, send } from "@/api/client";
import { fieldsQuery } from "@/api/customers";
import { survivorshipQuery } from "@/api/survivorship";
import { ErrorNotice } from "@/components/ErrorNotice";
import { useFeedback } from "@/components/feedback";
import { useI18n, useWord } from "@/i18n";

type Rule = Schemas["SurvivorshipIO"];
const ALL = "*";
const RULES: Schemas["SurvivorshipRule"][] = ["newest", "most_frequent", "source_priority"];
const USUAL: Rule = { field: ALL, rule: "newest", sources: [], manual_wins: true };

export function RulesSection() {
  const survivorship = useQuery(survivorshipQuery);
  if (survivorship.isPending) return <Skeleton active />;
  if (survivorship.isError) return <ErrorNotice error={survivorship.error} onRetry={survivorship.refetch} />;
  return <RulesForm key={JSON.stringify(survivorship.data.rules)} stored={survivorship.data} />;
}

function RulesForm({ stored }: { stored: Schemas["SurvivorshipOut"] }) {
  const { t, locale } = useI18n();
  const feedback = useFeedback();
  const queryClient = useQueryClient();
  const fields = useQuery(fieldsQuery);
  const [rules, setRules] = useState<Rule[]>(
    stored.rules.some((rule) => rule.field === ALL) ? stored.rules : [USUAL, ...stored.rules],
  );
  const save = useMutation({
    mutationFn: () => send(client.PUT("/api/v1/survivorship", { body: { rules } })),
    onSuccess: (saved) => {
      queryClient.setQueryData(survivorshipQuery.queryKey, saved);
      queryClient.invalidateQueries({ queryKey: ["customer"] });
      queryClient.invalidateQueries({ queryKey: ["customers"] });
      feedback.done(t("rules.saved"));
    },
  });
  const nameOf = (name: string) => {
    const field = fields.data?.items.find((candidate) => candidate.name === name);
    return name === ALL
      ? t("rules.all_fields")
      : field
        ? locale === "zh-CN"
          ? field.label_zh
          : field.label_en
        : name;
  };
  const free = fields.data?.items.filter((field) => !rules.some((rule) => rule.field === field.name)) ?? [];
  const isUsable = rules.every((rule) => rule.rule !== "source_priority" || (rule.sources ?? []).length > 0);
  return (
    <Card>
      <p className="secondary" style={{ marginTop: 0 }}>
        {t("rules.text")}
      </p>
      {save.isError && <ErrorNotice error={save.error} style={{ marginBottom: 12 }} />}
      {rules.map((rule) => (
        <RuleRow
          key={rule.field}
          rule={rule}
          name={nameOf(rule.field)}
          sources={stored.sources}
          onChange={(changed) => setRules(rules.map((other) => (other === rule ? changed : other)))}
          onRemove={rule.field === ALL ? undefined : () => setRules(rules.filter((other) => other !== rule))}
        />
      ))}
      <Flex justify="space-between" gap={12} wrap style={{ marginTop: 16 }}>
        <Select
          showSearch={{ optionFilterProp: "label" }}
          suffixIcon={<PlusOutlined />}
          aria-label={t("rules.add")}
          placeholder={t("rules.add")}
          value={null}
          onChange={(field: string | null) => field && setRules([...rules, { ...USUAL, field }])}
          options={free.map((field) => ({ value: field.name, label: nameOf(field.name) }))}
          style={{ width: 240 }}
        />
        <Button type="primary" disabled={!isUsable} loading={save.isPending} onClick={() => save.mutate()}>
          {t("action.save")}
        </Button>
      </Flex>
    </Card>
  );
}

type RowProps = {
  rule: Rule;
  name: string;
  sources: string[];
  onChange: (rule: Rule) => void;
  onRemove: (() => void) | undefined;
};

function RuleRow({ rule, name, sources, onChange, onRemove }: RowProps) {
  const { t } = useI18n();
  const word = useWord();
  const isMissing = rule.rule === "source_priority" && (rule.sources ?? []).length === 0;
  return (
    <div className="rule-row">
      <strong>{name}</strong>
      <Select
        aria-label={`${name}: ${t("rules.rule")}`}
        value={rule.rule}
        onChange={(chosen) =>
          onChange({ ...rule, rule: chosen, sources: chosen === "source_priority" ? rule.sources : [] })
        }
        options={RULES.map((value) => ({ value, label: word("survivorship_rule", value) }))}
      />
      {rule.rule === "source_priority" ? (
        <div>
          <Select
            mode="tags"
            aria-label={`${name}: ${t("rules.sources")}`}
            placeholder={t("rules.sources")}
            status={isMissing ? "warning" : undefined}
            value={rule.sources}
            onChange={(chosen: string[]) => onChange({ ...rule, sources: chosen })}
            options={sources.map((source) => ({ value: source, label: word("source", source) }))}
            style={{ width: "100%" }}
          />
          {isMissing && <span className="secondary">{t("rules.sources_missing")}</span>}
        </div>
      ) : (
        <span />
      )}
      <Flex gap={8} align="center">
        <Switch
          size="small"
          aria-label={`${name}: ${t("rules.manual")}`}
          checked={rule.manual_wins}
          onChange={(manual_wins) => onChange({ ...rule, manual_wins })}
        />
        <span className="secondary">{t("rules.manual")}</span>
      </Flex>
      {onRemove ? (
        <Button
          type="text"
          icon={<DeleteOutlined />}
          aria-label={`${t("action.delete")} ${name}`}
          onClick={onRemove}
        />
      ) : (
        <span />
      )}
    </div>
  );
}
