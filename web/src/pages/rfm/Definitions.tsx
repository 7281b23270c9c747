import { Link } from "@tanstack/react-router";
import { Card, Typography } from "antd";
import dayjs from "dayjs";
import type { Heatmap } from "@/api/blueprints";
import { useI18n } from "@/i18n";
import { DIMENSIONS, type Dimension, nextCalibration, rangeOf, scoresDown } from "./model";
import { useRfmWords } from "./words";

/** What R, F and M are, which values score what, and since when. */
export function Definitions({ heatmap }: { heatmap: Heatmap }) {
  const { t } = useI18n();
  const { model } = heatmap;
  const next = nextCalibration(model);
  return (
    <Card size="small" title={t("rfm.definitions")}>
      {DIMENSIONS.map((dimension) => (
        <Scale key={dimension} heatmap={heatmap} dimension={dimension} />
      ))}
      <dl className="rfm-facts">
        <dt>{t("rfm.calibrated")}</dt>
        <dd>
          {model.version === 0 || !model.calibrated_at
            ? t("rfm.not_calibrated")
            : model.people === null
              ? dayjs(model.calibrated_at).format("YYYY-MM-DD HH:mm")
              : t("rfm.calibrated_people", {
                  time: dayjs(model.calibrated_at).format("YYYY-MM-DD HH:mm"),
                  count: model.people,
                })}
        </dd>
        {model.version > 0 && next && (
          <>
            <dt>{t("rfm.next")}</dt>
            <dd>{dayjs(next).format("YYYY-MM-DD")}</dd>
          </>
        )}
        {model.version > 0 && (
          <>
            <dt>{t("rfm.version")}</dt>
            <dd>{model.version}</dd>
            <dt>{t("rfm.tags")}</dt>
            <dd>
              <Link to="/tags" search={{ q: "rfm_" }}>
                {t("rfm.open_tags")}
              </Link>
            </dd>
          </>
        )}
      </dl>
    </Card>
  );
}

function Scale({ heatmap, dimension }: { heatmap: Heatmap; dimension: Dimension }) {
  const { t, locale } = useI18n();
  const words = useRfmWords(heatmap.currency);
  const { scores, scales, period_days: days } = heatmap.model;
  const scale = scales[dimension];
  const period = words.period(days);
  return (
    <section style={{ marginBottom: 16 }}>
      <Typography.Title level={3} style={{ fontSize: 14, margin: "0 0 2px" }}>
        {t(`rfm.${dimension}`)}
        {scale && <span className="secondary"> · {t(`rfm_binning.${scale.binning}`)}</span>}
      </Typography.Title>
      <p className="secondary" style={{ margin: "0 0 4px" }}>
        {[
          t(`rfm.${dimension}_means`, { period, currency: heatmap.currency }),
          ...(dimension !== "recency" && days !== null ? [t("rfm.no_value")] : []),
        ].join(locale === "zh-CN" ? "" : " ")}
      </p>
      <table className="rfm-limits">
        <tbody>
          {scoresDown(scores).map((score) => {
            const range = rangeOf(dimension, score, scores, scale?.limits ?? []);
            return (
              <tr key={score}>
                <th scope="row" style={{ width: 56 }}>
                  {t("rfm.score_n", { score })}
                </th>
                <td>{range ? words.range(dimension, range) : "–"}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}
