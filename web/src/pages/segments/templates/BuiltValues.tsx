import { LoadingOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Alert, Button, Card } from "antd";
import { useState } from "react";
import { type Built, countQuery } from "@/api/blueprints";
import { ErrorNotice } from "@/components/ErrorNotice";
import { formatNumber, formatShare } from "@/components/values";
import { useI18n } from "@/i18n";
import { carriersOf } from "./settings";

/** Every count is a query over everybody; the further ones are counted when asked for. */
const COUNTED = 8;

type Props = { built: Built; isStale: boolean; error: unknown };

/** What the definition says with these settings, value by value, and how many people each means now. */
export function BuiltValues({ built, isStale, error }: Props) {
  const { t } = useI18n();
  const [isAll, setIsAll] = useState(false);
  const { values, is_first_match: isFirstMatch } = built;
  const isTag = values.some((value) => value.value !== "");
  return (
    <Card size="small" title={t(isTag ? "blueprints.values" : "blueprints.meaning")}>
      {error !== null && <ErrorNotice error={error} style={{ marginBottom: 12 }} />}
      {isTag && (
        <p className="secondary" style={{ marginTop: 0 }}>
          {t(isFirstMatch ? "blueprints.first_match" : "blueprints.several")}
        </p>
      )}
      {values.length === 0 && <Alert type="info" showIcon title={t("blueprints.nothing_chosen")} />}
      <ul className={`template-values${isStale ? " is-stale" : ""}`} aria-busy={isStale}>
        {values.map((value, index) => (
          <li key={value.value}>
            <strong>{value.label || t("blueprints.who")}</strong>
            <span className="template-count">
              {(isAll || index < COUNTED) && <Count built={built} index={index} />}
            </span>
            <p className="secondary">{value.sentence}</p>
          </li>
        ))}
      </ul>
      {!isAll && values.length > COUNTED && (
        <Button size="small" onClick={() => setIsAll(true)}>
          {t("blueprints.count_all", { count: values.length - COUNTED })}
        </Button>
      )}
    </Card>
  );
}

function Count({ built, index }: { built: Built; index: number }) {
  const { t, locale } = useI18n();
  const [editor] = useState(() => `ready-${Math.random().toString(36).slice(2)}`);
  const count = useQuery(countQuery(carriersOf(built.values, index, built.is_first_match), editor));
  if (count.isError) {
    return (
      <Button size="small" type="link" danger onClick={() => count.refetch()}>
        {t("blueprints.count_failed")}
      </Button>
    );
  }
  if (!count.data) return <LoadingOutlined aria-label={t("conditions.counting")} />;
  return (
    <span className="num" aria-busy={count.isPlaceholderData}>
      <strong>{formatNumber(count.data.count, locale)}</strong> {t("segments.unit_people")}
      <span className="secondary"> · {formatShare(count.data.share, locale)}</span>
    </span>
  );
}
