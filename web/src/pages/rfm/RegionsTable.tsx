import { Link } from "@tanstack/react-router";
import { Button } from "antd";
import { type Heatmap, newSegmentSearch, type RegionSize } from "@/api/blueprints";
import { useMay } from "@/app/session";
import { Panel } from "@/components/Panel";
import { formatShare, Money, Num } from "@/components/values";
import { useI18n } from "@/i18n";

/** The regions in the order they are tried, with who is left over. */
export function RegionsTable({ heatmap }: { heatmap: Heatmap }) {
  const { t } = useI18n();
  const { regions, people, currency } = heatmap;
  const held = regions.reduce((sum, region) => sum + region.people, 0);
  const total = regions.reduce((sum, region) => sum + Number(region.monetary_total), 0);
  return (
    <Panel size="small" title={t("rfm.regions")}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table is scrolled by keyboard too */}
      <section className="rfm-scroll" tabIndex={0} aria-label={t("rfm.regions")}>
        <table className="rfm-regions">
          <thead>
            <tr>
              <th scope="col">{t("rfm.region")}</th>
              <th scope="col">{t("rfm.region_scores")}</th>
              <th scope="col" className="is-number">
                {t("rfm.people")}
              </th>
              <th scope="col">{t("rfm.share")}</th>
              <th scope="col" className="is-number">
                {t("rfm.total")}
              </th>
              <td />
            </tr>
          </thead>
          <tbody>
            {regions.map((region) => (
              <Row key={region.key} region={region} heatmap={heatmap} />
            ))}
            {people > held && (
              <tr>
                <th scope="row" className="secondary">
                  {t("rfm.no_region")}
                </th>
                <td />
                <td className="is-number">
                  <Num value={people - held} />
                </td>
                <td>
                  <Share value={(people - held) / people} />
                </td>
                <td />
                <td />
              </tr>
            )}
            <tr>
              <th scope="row">{t("rfm.sum")}</th>
              <td />
              <td className="is-number">
                <Num value={people} />
              </td>
              <td />
              <td className="is-number">
                <Money amount={total} currency={currency} />
              </td>
              <td />
            </tr>
          </tbody>
        </table>
      </section>
    </Panel>
  );
}

function Row({ region, heatmap }: { region: RegionSize; heatmap: Heatmap }) {
  const { t } = useI18n();
  const may = useMay();
  const scores = heatmap.model.regions.find((candidate) => candidate.key === region.key);
  return (
    <tr>
      <th scope="row">{region.name}</th>
      <td className="secondary num">
        {scores && `R ${ends(scores.recency)} · F ${ends(scores.frequency)} · M ${ends(scores.monetary)}`}
      </td>
      <td className="is-number">
        <Num value={region.people} />
      </td>
      <td>
        <Share value={heatmap.people === 0 ? 0 : region.people / heatmap.people} />
      </td>
      <td className="is-number">
        <Money amount={region.monetary_total} currency={heatmap.currency} />
      </td>
      <td className="is-number">
        {may("segments.write") && (
          <Link to="/segments/new" search={newSegmentSearch(region.condition, region.name)}>
            <Button size="small" aria-label={`${t("rfm.open_segment")}: ${region.name}`}>
              {t("rfm.open_segment")}
            </Button>
          </Link>
        )}
      </td>
    </tr>
  );
}

const ends = ([low, high]: readonly [number, number]) => (low === high ? `${low}` : `${low}–${high}`);

function Share({ value }: { value: number }) {
  const { locale } = useI18n();
  return (
    <span className="num">
      <span
        className="rfm-share"
        aria-hidden
        style={{ "--share": `${value * 100}%` } as React.CSSProperties}
      />
      {formatShare(value, locale)}
    </span>
  );
}
