import { DatePicker, Flex, Select } from "antd";
import dayjs from "dayjs";
import { useWords } from "./context";
import { isLastPeriod, type Period } from "./language";
import { SpanInput } from "./ValueInput";

const DAY = "YYYY-MM-DD";
const USUAL = { last: 90, unit: "day" } as const;
type Form = "ever" | "last" | "dates";

type Props = { period: Period | undefined; onChange: (period: Period | undefined) => void; isWrong: boolean };

/** When facts happened: ever, in the last so many days, or between two dates. */
export function PeriodInput({ period, onChange, isWrong }: Props) {
  const { t } = useWords().i18n;
  const form: Form = period === undefined ? "ever" : isLastPeriod(period) ? "last" : "dates";
  const choose = (wanted: Form) => {
    if (wanted === "ever") onChange(undefined);
    else onChange(wanted === "last" ? USUAL : { from: dayjs().startOf("year").format(DAY) });
  };
  return (
    <Flex gap={6} wrap align="center">
      <Select<Form>
        aria-label={t("conditions.period")}
        value={form}
        onChange={choose}
        options={[
          { value: "last", label: t("conditions.period_last") },
          { value: "dates", label: t("conditions.period_dates") },
          { value: "ever", label: t("conditions.ever") },
        ]}
        style={{ minWidth: 96 }}
      />
      {isLastPeriod(period) && (
        <SpanInput
          label={t("conditions.period_length")}
          isWrong={isWrong}
          span={{ n: period.last, unit: period.unit }}
          onChange={(span) => onChange({ last: span.n, unit: span.unit })}
        />
      )}
      {period !== undefined && !isLastPeriod(period) && (
        <DatePicker.RangePicker
          allowEmpty
          aria-label={t("conditions.period")}
          status={isWrong ? "error" : undefined}
          value={[period.from ? dayjs(period.from) : null, period.to ? dayjs(period.to) : null]}
          onChange={(days) => {
            const from = days?.[0]?.format(DAY);
            const to = days?.[1]?.format(DAY);
            onChange({ ...(from && { from }), ...(to && { to }) });
          }}
        />
      )}
    </Flex>
  );
}
