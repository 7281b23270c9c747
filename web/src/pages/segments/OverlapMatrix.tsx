import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Skeleton } from "antd";
import { type Overlap, overlapQuery } from "@/api/segments";
import { ErrorNotice } from "@/components/ErrorNotice";
import { formatNumber, formatShare } from "@/components/values";
import { useI18n } from "@/i18n";
import { pairSize } from "./algebra";
import "./segments.css";

/** How many people segments share, two by two, and what part of the row's segment that is. */
export function OverlapMatrix({ ids }: { ids: string[] }) {
  const { t, locale } = useI18n();
  const overlap = useQuery(overlapQuery(ids));
  if (ids.length < 2) return <p className="secondary">{t("segments.overlap_choose")}</p>;
  if (overlap.isError) return <ErrorNotice error={overlap.error} onRetry={overlap.refetch} />;
  if (!overlap.data) return <Skeleton active />;
  const { segments, union } = overlap.data;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table is scrolled by keyboard too
    <section className="matrix-holder" tabIndex={0} aria-label={t("segments.overlap")}>
      <table className="matrix" aria-busy={overlap.isPlaceholderData}>
        <caption className="secondary">{t("segments.union", { count: formatNumber(union, locale) })}</caption>
        <thead>
          <tr>
            <td />
            {segments.map((segment) => (
              <th key={segment.id} scope="col">
                {segment.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {segments.map((row) => (
            <tr key={row.id}>
              <th scope="row">
                <Link to="/segments/$segmentId" params={{ segmentId: row.id }}>
                  {row.name}
                </Link>
              </th>
              {segments.map((column) => (
                <Cell key={column.id} overlap={overlap.data} row={row} columnId={column.id} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

type CellProps = { overlap: Overlap; row: Overlap["segments"][number]; columnId: string };

function Cell({ overlap, row, columnId }: CellProps) {
  const { t, locale } = useI18n();
  const isItself = row.id === columnId;
  const size = isItself ? row.size : (pairSize(overlap.pairs, row.id, columnId) ?? 0);
  const share = row.size === 0 ? 0 : size / row.size;
  return (
    <td
      className={isItself ? "is-itself" : ""}
      style={{ "--share": `${Math.round(share * 100)}%` } as React.CSSProperties}
    >
      <span className="num">{formatNumber(size, locale)}</span>
      {!isItself && (
        <span className="num secondary" title={t("segments.share_of", { name: row.name })}>
          {formatShare(share, locale)}
        </span>
      )}
    </td>
  );
}
