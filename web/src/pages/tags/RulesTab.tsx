import {
  ArrowDownOutlined,
  ArrowUpOutlined,
  DeleteOutlined,
  EditOutlined,
  FunctionOutlined,
  PlusOutlined,
} from "@ant-design/icons";
import type { UseQueryResult } from "@tanstack/react-query";
import { Alert, Button, Card, Flex, Tag as Mark, Skeleton, Switch, Tooltip } from "antd";
import { type ReactNode, useState } from "react";
import type { Tag, TagRule, TagRules, TagRulesBody } from "@/api/tags";
import { useMay } from "@/app/session";
import { EmptyState } from "@/components/EmptyState";
import { ErrorNotice } from "@/components/ErrorNotice";
import { useFeedback } from "@/components/feedback";
import { formatNumber } from "@/components/values";
import { useI18n, useT } from "@/i18n";
import { ProblemText } from "@/pages/segments/SegmentStatus";
import { RuleDrawer } from "./RuleDrawer";
import { moveRule } from "./tags";
import { useSaveRules } from "./use-rules";

type Props = { tag: Tag; rules: UseQueryResult<TagRules>; onSaved: () => void };

/** Who carries which value of a computed tag, in the order in which values are tried. */
export function RulesTab({ tag, rules, onSaved }: Props) {
  const t = useT();
  const may = useMay();
  const [edited, setEdited] = useState<number | "new" | null>(null);
  const save = useSaveRules(tag.id, () => {
    setEdited(null);
    onSaved();
  });
  if (rules.isPending) return <Skeleton active paragraph={{ rows: 6 }} />;
  if (!rules.data) return <ErrorNotice error={rules.error} onRetry={rules.refetch} />;
  const { data } = rules;
  const mayEdit = may("tags.write") && !tag.archived_at;
  const put = (changed: Partial<TagRulesBody>) => save.mutate({ ...data, ...changed });
  const adding = <AddButton rules={data} onClick={() => setEdited("new")} />;
  return (
    <Flex vertical gap={12}>
      {save.isError && edited === null && <ErrorNotice error={save.error} />}
      {data.rules.length === 0 ? (
        <Card size="small">
          <EmptyState
            isCompact
            icon={<FunctionOutlined />}
            title={t("tags.rules_empty")}
            text={t("tags.rules_empty_text")}
            action={mayEdit && adding}
          />
        </Card>
      ) : (
        <>
          {data.rules.length > 1 && (
            <FirstMatch
              isOn={data.is_exclusive}
              mayEdit={mayEdit && !save.isPending}
              onChange={(is_exclusive) => put({ is_exclusive })}
            />
          )}
          <ol className="tag-rules">
            {data.rules.map((rule, place) => (
              <RuleRow
                key={rule.value}
                rule={rule}
                name={rule.label || tag.name}
                actions={
                  mayEdit && (
                    <RuleActions
                      rules={data}
                      place={place}
                      name={rule.label || tag.name}
                      isBusy={save.isPending}
                      onEdit={() => setEdited(place)}
                      onChange={(changed) => put({ rules: changed })}
                    />
                  )
                }
              />
            ))}
          </ol>
          {mayEdit && <div>{adding}</div>}
        </>
      )}
      {edited !== null && (
        <RuleDrawer
          rules={data.rules}
          place={edited === "new" ? null : edited}
          isSaving={save.isPending}
          error={save.error}
          onSave={(changed) => put({ rules: changed })}
          onClose={() => {
            save.reset();
            setEdited(null);
          }}
        />
      )}
    </Flex>
  );
}

function AddButton({ rules, onClick }: { rules: TagRules; onClick: () => void }) {
  const t = useT();
  const isWithoutValue = rules.rules.some(({ value }) => value === "");
  return (
    <Flex gap={8} align="center" wrap>
      <Button icon={<PlusOutlined />} disabled={isWithoutValue} onClick={onClick}>
        {t("tags.rule_add")}
      </Button>
      {isWithoutValue && <span className="secondary">{t("tags.rule_value_first")}</span>}
    </Flex>
  );
}

type FirstMatchProps = { isOn: boolean; mayEdit: boolean; onChange: (isOn: boolean) => void };

function FirstMatch({ isOn, mayEdit, onChange }: FirstMatchProps) {
  const t = useT();
  return (
    <Flex gap={8} align="center" wrap>
      <Switch checked={isOn} disabled={!mayEdit} onChange={onChange} aria-label={t("tags.first_match")} />
      <span>{t("tags.first_match")}</span>
      <span className="secondary">{t(isOn ? "tags.first_match_on" : "tags.first_match_off")}</span>
    </Flex>
  );
}

function RuleRow({ rule, name, actions }: { rule: TagRule; name: string; actions: ReactNode }) {
  const { t, locale } = useI18n();
  return (
    <li>
      <Card size="small">
        <div className="tag-rule">
          <div className="tag-rule-text">
            <Flex gap={8} align="baseline" wrap>
              <strong>{name}</strong>
              {rule.value && rule.value !== name && <span className="secondary mono">{rule.value}</span>}
            </Flex>
            <p className="secondary">{rule.sentence}</p>
          </div>
          <span className="tag-rule-size">
            {rule.size === null ? (
              <Mark color="blue">{t("tags.counting")}</Mark>
            ) : (
              <>
                <strong className="num">{formatNumber(rule.size, locale)}</strong> {t("segments.unit_people")}
              </>
            )}
          </span>
          {actions}
        </div>
        {rule.problem && (
          <Alert
            type="warning"
            showIcon
            style={{ marginTop: 8 }}
            title={t(`segment_health.${rule.health}`)}
            description={<ProblemText problem={rule.problem} />}
          />
        )}
      </Card>
    </li>
  );
}

type RuleActionsProps = {
  rules: TagRules;
  place: number;
  name: string;
  isBusy: boolean;
  onEdit: () => void;
  onChange: (rules: TagRule[]) => void;
};

function RuleActions({ rules, place, name, isBusy, onEdit, onChange }: RuleActionsProps) {
  const t = useT();
  const { modal } = useFeedback();
  const last = rules.rules.length - 1;
  const remove = () =>
    modal.confirm({
      title: t("tags.rule_delete", { name }),
      content: t("tags.rule_delete_text", { count: rules.rules[place]?.size ?? 0 }),
      okText: t("action.delete"),
      okButtonProps: { danger: true },
      onOk: () => onChange(rules.rules.filter((_, other) => other !== place)),
    });
  const button = (label: string, icon: ReactNode, onClick: () => void, isDisabled = false) => (
    <Tooltip title={label}>
      <Button
        type="text"
        size="small"
        icon={icon}
        aria-label={label}
        disabled={isBusy || isDisabled}
        onClick={onClick}
      />
    </Tooltip>
  );
  const move = (to: number) => onChange(moveRule(rules.rules, place, to));
  return (
    <Flex gap={2}>
      {last > 0 && (
        <>
          {button(t("tags.rule_up", { name }), <ArrowUpOutlined />, () => move(place - 1), place === 0)}
          {button(
            t("tags.rule_down", { name }),
            <ArrowDownOutlined />,
            () => move(place + 1),
            place === last,
          )}
        </>
      )}
      {button(`${t("tags.rule_edit")} ${name}`, <EditOutlined />, onEdit)}
      {button(`${t("action.delete")} ${name}`, <DeleteOutlined />, remove)}
    </Flex>
  );
}
