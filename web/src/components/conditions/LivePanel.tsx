import { LoadingOutlined, TeamOutlined } from "@ant-design/icons";
import { Card, Skeleton } from "antd";
import type { ConditionPreview } from "@/api/segments";
import { ErrorNotice } from "@/components/ErrorNotice";
import { formatNumber, formatShare } from "@/components/values";
import { useI18n } from "@/i18n";
import { useWords } from "./context";
import type { ConditionJson } from "./language";
import { PeopleList } from "./PeopleList";
import { PersonTest } from "./PersonTest";
import type { Live } from "./use-live";

/** How many people that are, always in sight while one edits. */
export function LiveCount({ live }: { live: Live }) {
  const { t, locale } = useI18n();
  const { preview, isStale, isCounting, problems } = live;
  return (
    <div className={`cond-count${isStale ? " is-stale" : ""}`} role="status" aria-busy={isCounting}>
      <TeamOutlined aria-hidden />
      {preview ? (
        <>
          <strong data-testid="count">{formatNumber(preview.count, locale)}</strong>
          <span>
            {t("conditions.people_share", {
              share: formatShare(preview.share, locale),
              total: formatNumber(preview.total, locale),
            })}
          </span>
        </>
      ) : (
        !isCounting && <span>{t("conditions.no_count")}</span>
      )}
      {isCounting && (
        <span className="cond-counting">
          <LoadingOutlined aria-hidden /> {t("conditions.counting")}
        </span>
      )}
      {!isCounting && problems.length > 0 && (
        <span className="cond-problems">{t("conditions.problems", { count: problems.length })}</span>
      )}
    </div>
  );
}

type Props = { live: Live; condition: ConditionJson; zone: string | null };

/** What the condition says, who that is, and why somebody is or is not among them. */
export function LivePanel({ live, condition, zone }: Props) {
  const { t } = useI18n();
  const { preview, error, problems } = live;
  return (
    <div className="cond-side">
      {error !== null && <ErrorNotice error={error} onRetry={live.retry} />}
      <Card size="small" title={t("conditions.sentence")}>
        {preview ? (
          <p className={`cond-sentence${live.isStale ? " is-stale" : ""}`}>{preview.sentence}</p>
        ) : (
          <Waiting live={live} />
        )}
      </Card>
      <Card size="small" title={t("conditions.sample")}>
        {preview ? <Sample preview={preview} isStale={live.isStale} /> : <Waiting live={live} />}
      </Card>
      <PersonTest condition={condition} zone={zone} isReady={problems.length === 0} />
    </div>
  );
}

function Waiting({ live }: { live: Live }) {
  const { t } = useWords().i18n;
  if (live.isCounting) return <Skeleton active title={false} paragraph={{ rows: 2 }} />;
  return <span className="secondary">{t("conditions.no_count")}</span>;
}

function Sample({ preview, isStale }: { preview: ConditionPreview; isStale: boolean }) {
  const { t } = useI18n();
  if (preview.sample.length === 0) return <span className="secondary">{t("conditions.sample_empty")}</span>;
  return (
    <div className={isStale ? "is-stale" : ""}>
      <PeopleList people={preview.sample} isMasked={preview.is_masked} />
    </div>
  );
}
