import { CameraOutlined, DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Button, Card, Flex, Input, Select, Skeleton } from "antd";
import { useState } from "react";
import { client, send } from "@/api/client";
import { algebraQuery, audiencesQuery, type SetExpression, segmentChoicesQuery } from "@/api/segments";
import { useMay } from "@/app/session";
import { PeopleList } from "@/components/conditions/PeopleList";
import { ErrorNotice } from "@/components/ErrorNotice";
import { useFeedback } from "@/components/feedback";
import { Num } from "@/components/values";
import { useT } from "@/i18n";
import { formula, type Operation, type Term, toExpression } from "./algebra";
import "@/components/conditions/conditions.css";

const OPERATIONS: Operation[] = ["and", "or", "minus"];
const NAME_MAX = 200;
const CHOICES = 100;

/** Segments and audiences combined from left to right: and, or, minus. */
export function AlgebraBuilder({ start }: { start: string[] }) {
  const t = useT();
  const [terms, setTerms] = useState<Term[]>(() => startTerms(start));
  const operands = useOperands();
  const expression = toExpression(terms);
  const set = (index: number, patch: Partial<Term>) =>
    setTerms(terms.map((term, i) => (i === index ? { ...term, ...patch } : term)));
  return (
    <Card size="small" title={t("segments.algebra")}>
      <Flex vertical gap={10} align="start">
        {terms.map((term, i) => (
          <Flex key={i} wrap gap={8} style={{ width: "100%" }}>
            {i > 0 && (
              <Select<Operation>
                aria-label={t("segments.operation")}
                value={term.operation}
                onChange={(operation) => set(i, { operation })}
                options={OPERATIONS.map((value) => ({ value, label: t(`segments.operation_${value}`) }))}
                popupMatchSelectWidth={false}
                style={{ minWidth: 130 }}
              />
            )}
            <Select<string>
              aria-label={t("segments.operand", { n: i + 1 })}
              placeholder={t("segments.operand_hint")}
              value={term.operand}
              onChange={(operand) => set(i, { operand })}
              showSearch={{ optionFilterProp: "label" }}
              options={operands.groups}
              style={{ flex: "1 1 220px", maxWidth: 420 }}
            />
            {terms.length > 2 && (
              <Button
                type="text"
                icon={<DeleteOutlined />}
                aria-label={t("segments.operand_remove", { n: i + 1 })}
                onClick={() => setTerms(terms.toSpliced(i, 1))}
              />
            )}
          </Flex>
        ))}
        <Button
          size="small"
          type="dashed"
          icon={<PlusOutlined />}
          onClick={() => setTerms([...terms, { operation: "and", operand: undefined }])}
        >
          {t("segments.operand_add")}
        </Button>
        <span className="secondary">{formula(terms, operands.nameOf)}</span>
        {expression && <Result expression={expression} name={formula(terms, operands.nameOf)} />}
      </Flex>
    </Card>
  );
}

function startTerms(ids: string[]): Term[] {
  const terms = ids.map((id): Term => ({ operation: "and", operand: `segment:${id}` }));
  while (terms.length < 2) terms.push({ operation: "and", operand: undefined });
  return terms;
}

function useOperands() {
  const t = useT();
  const segments = useQuery(segmentChoicesQuery);
  const audiences = useQuery(audiencesQuery({ page: 1, page_size: CHOICES }));
  const groups = [
    {
      label: t("segments.segments"),
      options: (segments.data?.items ?? []).map(({ id, name }) => ({ value: `segment:${id}`, label: name })),
    },
    {
      label: t("segments.audiences"),
      options: (audiences.data?.items ?? []).map(({ id, name }) => ({
        value: `audience:${id}`,
        label: name,
      })),
    },
  ];
  const names = new Map(groups.flatMap(({ options }) => options.map(({ value, label }) => [value, label])));
  return { groups, nameOf: (operand: string) => names.get(operand) ?? operand };
}

function Result({ expression, name }: { expression: SetExpression; name: string }) {
  const t = useT();
  const may = useMay();
  const result = useQuery(algebraQuery(expression));
  if (result.isError) return <ErrorNotice error={result.error} onRetry={result.refetch} />;
  if (!result.data) return <Skeleton active />;
  return (
    <Flex vertical gap={10} style={{ width: "100%", maxWidth: 640 }} aria-busy={result.isPlaceholderData}>
      <div className="figure-value">
        <Num value={result.data.count} /> <span className="secondary">{t("segments.unit_people")}</span>
      </div>
      <PeopleList people={result.data.sample} isMasked={result.data.is_masked} />
      {may("segments.write") && <SaveAs key={name} expression={expression} proposal={name} />}
    </Flex>
  );
}

function SaveAs({ expression, proposal }: { expression: SetExpression; proposal: string }) {
  const t = useT();
  const feedback = useFeedback();
  const queryClient = useQueryClient();
  const [name, setName] = useState(proposal.slice(0, NAME_MAX));
  const save = useMutation({
    mutationFn: () =>
      send(
        client.POST("/api/v1/segments/algebra", { body: { expression, sample: 0, save_as: name.trim() } }),
      ),
    onSuccess: ({ count }) => {
      queryClient.invalidateQueries({ queryKey: ["audiences"] });
      feedback.done(t("segments.frozen", { count }));
    },
    onError: feedback.failed,
  });
  return (
    <Flex wrap gap={8}>
      <Input
        aria-label={t("segments.audience_name")}
        maxLength={NAME_MAX}
        value={name}
        onChange={(event) => setName(event.target.value)}
        style={{ flex: "1 1 220px" }}
      />
      <Button
        icon={<CameraOutlined />}
        loading={save.isPending}
        disabled={name.trim() === ""}
        onClick={() => save.mutate()}
      >
        {t("segments.save_as_audience")}
      </Button>
      {save.data?.audience_id && (
        <Link to="/segments/audiences/$audienceId" params={{ audienceId: save.data.audience_id }}>
          {t("segments.open_audience")}
        </Link>
      )}
    </Flex>
  );
}
