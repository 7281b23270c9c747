import { Link } from "@tanstack/react-router";
import { Button, Modal } from "antd";
import { type HeatCell, type Heatmap, newSegmentSearch } from "@/api/blueprints";
import { useMay } from "@/app/session";
import { formatShare, Money, Num } from "@/components/values";
import { useI18n } from "@/i18n";
import { ScoreText } from "./HeatMap";

const DIGITS = 1;

type Props = { cell: HeatCell; heatmap: Heatmap; onClose: () => void };

/** Who is in a cell, and the way to make a segment of them. */
export function CellDialog({ cell, heatmap, onClose }: Props) {
  const { t, locale } = useI18n();
  const may = useMay();
  const { recency, frequency } = cell;
  const share = heatmap.people === 0 ? null : cell.people / heatmap.people;
  return (
    <Modal
      open
      title={t("rfm.cell", { recency, frequency })}
      onCancel={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t("action.close")}</Button>
          {may("segments.write") && (
            <Link
              to="/segments/new"
              search={newSegmentSearch(cell.condition, t("rfm.cell_name", { recency, frequency }))}
            >
              <Button type="primary" style={{ marginInlineStart: 8 }}>
                {t("rfm.open_segment")}
              </Button>
            </Link>
          )}
        </>
      }
    >
      <p style={{ margin: "0 0 4px" }}>
        <ScoreText heatmap={heatmap} dimension="recency" score={recency} />
      </p>
      <p style={{ margin: "0 0 16px" }}>
        <ScoreText heatmap={heatmap} dimension="frequency" score={frequency} />
      </p>
      <dl className="rfm-facts">
        <dt>{t("rfm.people")}</dt>
        <dd>
          <Num value={cell.people} /> <span className="secondary">({formatShare(share, locale)})</span>
        </dd>
        <dt>{t("rfm.spend")}</dt>
        <dd>
          <Money amount={cell.monetary_mean} currency={heatmap.currency} />
        </dd>
        <dt>{t("rfm.mean_days")}</dt>
        <dd>{cell.days_mean === null ? "–" : <Days value={cell.days_mean} />}</dd>
        <dt>{t("rfm.mean_orders")}</dt>
        <dd>
          <Num value={cell.orders_mean} digits={DIGITS} />
        </dd>
      </dl>
    </Modal>
  );
}

function Days({ value }: { value: string }) {
  const { t, locale } = useI18n();
  const count = Number(value).toLocaleString(locale, { maximumFractionDigits: DIGITS });
  return <span className="num">{t("rfm.mean_days_value", { count })}</span>;
}
