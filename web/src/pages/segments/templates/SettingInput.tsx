import { useQueries, useQuery } from "@tanstack/react-query";
import { Button, Flex, Form, InputNumber, Select } from "antd";
import { useId } from "react";
import type { Setting } from "@/api/blueprints";
import { catalogueQuery, conditionValuesQuery } from "@/api/segments";
import { formatNumber } from "@/components/values";
import { useI18n } from "@/i18n";
import { fromPercent, joinList, settingProblem, sourcesOf, splitList, toPercent } from "./settings";

/** How many values "the most common" offers at once. */
const COMMON = 10;
const PERCENT = 100;

type Props = { blueprint: string; setting: Setting; value: string; onChange: (value: string) => void };

/** One setting of a ready definition, with its bounds. */
export function SettingInput({ blueprint, setting, value, onChange }: Props) {
  const { t, locale } = useI18n();
  const id = useId();
  const problem = settingProblem(setting, value);
  const isShare = setting.kind === "share";
  const bound = (number: string | null) =>
    number === null ? null : formatNumber(isShare ? Number(number) * PERCENT : number, locale, 2);
  const [low, high] = [bound(setting.low), bound(setting.high)];
  const suffix = isShare ? "%" : "";
  const bounds =
    low !== null && high !== null
      ? t("blueprints.between", { low: `${low}${suffix}`, high: `${high}${suffix}` })
      : low !== null && t("blueprints.at_least", { low: `${low}${suffix}` });
  return (
    <Form.Item
      label={setting.label}
      htmlFor={id}
      required
      validateStatus={problem && problem !== "missing" ? "error" : undefined}
      help={problem && problem !== "missing" ? t(`blueprints.problem_${problem}`) : undefined}
      extra={bounds || undefined}
      style={{ marginBottom: 14 }}
    >
      <Control id={id} blueprint={blueprint} setting={setting} value={value} onChange={onChange} />
    </Form.Item>
  );
}

function Control({ id, blueprint, setting, value, onChange }: Props & { id: string }) {
  const { t } = useI18n();
  if (setting.kind === "text") {
    return <ListInput id={id} blueprint={blueprint} setting={setting} value={value} onChange={onChange} />;
  }
  const isShare = setting.kind === "share";
  const isWhole = setting.kind === "days" || setting.kind === "count";
  return (
    <InputNumber<string>
      id={id}
      stringMode
      value={isShare ? toPercent(value) : value}
      onChange={(entered) => onChange(isShare ? fromPercent(entered ?? "") : (entered ?? ""))}
      precision={isWhole ? 0 : undefined}
      suffix={isShare ? "%" : setting.kind === "days" ? t("blueprints.unit_days") : undefined}
      style={{ width: "100%" }}
    />
  );
}

/** Values that occur in the data, to pick instead of to type. */
function ListInput({ id, blueprint, setting, value, onChange }: Props & { id: string }) {
  const { t, locale } = useI18n();
  const sources = sourcesOf(blueprint, setting.name);
  const found = useQueries({
    queries: sources.map((from) => conditionValuesQuery(from, "")),
    combine: (answers) => ({
      values: answers.flatMap((answer) => answer.data?.values ?? []),
      isPending: answers.some((answer) => answer.isPending),
    }),
  });
  const catalogue = useQuery(catalogueQuery(locale));
  const known = sources.flatMap(
    ({ source, column }) =>
      catalogue.data?.sources
        .find((candidate) => candidate.name === source)
        ?.columns.find((candidate) => candidate.name === column)?.options ?? [],
  );
  const chosen = splitList(value);
  const common = [...new Set(found.values.map((option) => option.value))].slice(0, COMMON);
  // What occurs comes first and has its count; the words of what does not occur yet follow.
  const options = new Map<string, { value: string; label: string; count?: number | null }>();
  for (const option of [...found.values, ...known]) {
    if (!options.has(option.value)) options.set(option.value, option);
  }
  const isAllChosen = common.every((option) => chosen.includes(option));
  const choose = (values: string[]) => onChange(joinList(values));
  return (
    <Flex vertical gap={6}>
      <Select<string[]>
        id={id}
        mode="tags"
        value={chosen}
        onChange={choose}
        loading={found.isPending}
        tokenSeparators={[",", "，", "、", "\n", "\t"]}
        options={[...options.values()].map((option) => ({
          value: option.value,
          label: option.label,
          count: option.count,
        }))}
        optionFilterProp="label"
        optionRender={(option) => (
          <Flex justify="space-between" gap={12}>
            <span>{option.label}</span>
            {option.data.count != null && (
              <span className="secondary num">{formatNumber(option.data.count, locale)}</span>
            )}
          </Flex>
        )}
        placeholder={t("blueprints.pick_values")}
        style={{ width: "100%" }}
      />
      {common.length > 0 && !isAllChosen && (
        <div>
          <Button size="small" onClick={() => choose([...chosen, ...common])}>
            {t("blueprints.take_common", { count: common.length })}
          </Button>
        </div>
      )}
      {!found.isPending && options.size === 0 && (
        <span className="secondary">{t("blueprints.no_values")}</span>
      )}
    </Flex>
  );
}
