import { Card, Tooltip } from "antd";
import { type KeyboardEvent, useRef, useState } from "react";
import type { HeatCell, Heatmap } from "@/api/blueprints";
import { formatNumber } from "@/components/values";
import { useI18n } from "@/i18n";
import { CellDialog } from "./CellDialog";
import { colourSteps, type Dimension, levelOf, rangeOf, scoresDown, scoresUp } from "./model";
import { formatRounded, useRfmWords } from "./words";

type Place = { recency: number; frequency: number };

const ARROWS: Record<string, Place> = {
  ArrowUp: { recency: 1, frequency: 0 },
  ArrowDown: { recency: -1, frequency: 0 },
  ArrowLeft: { recency: 0, frequency: -1 },
  ArrowRight: { recency: 0, frequency: 1 },
};

/** Rows by recency, columns by frequency; one cell at a time is in the order of the Tab key, arrows move among them. */
export function HeatMap({ heatmap }: { heatmap: Heatmap }) {
  const { t, locale } = useI18n();
  const { scores } = heatmap.model;
  const map = useRef<HTMLTableElement>(null);
  const [current, setCurrent] = useState<Place>({ recency: scores, frequency: scores });
  const [opened, setOpened] = useState<HeatCell | null>(null);
  const steps = colourSteps(Math.max(0, ...heatmap.cells.map((cell) => cell.people)));

  const move = (event: KeyboardEvent) => {
    const arrow = ARROWS[event.key];
    if (!arrow) return;
    event.preventDefault();
    const within = (score: number) => Math.min(scores, Math.max(1, score));
    const next = {
      recency: within(current.recency + arrow.recency),
      frequency: within(current.frequency + arrow.frequency),
    };
    map.current?.querySelector<HTMLElement>(`[data-place="${next.recency}-${next.frequency}"]`)?.focus();
  };

  return (
    <Card size="small" title={t("rfm.map")}>
      <p className="secondary" style={{ marginTop: 0 }}>
        {t("rfm.map_hint")}
      </p>
      <table ref={map} className="rfm-map" aria-label={t("rfm.map_label")} onKeyDown={move}>
        <thead>
          <tr>
            <td />
            {scoresUp(scores).map((frequency) => (
              <th key={frequency} scope="col">
                F{frequency}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {scoresDown(scores).map((recency) => (
            <tr key={recency}>
              <th scope="row">R{recency}</th>
              {scoresUp(scores).map((frequency) => {
                const cell = heatmap.cells.find(
                  (candidate) => candidate.recency === recency && candidate.frequency === frequency,
                );
                const isCurrent = current.recency === recency && current.frequency === frequency;
                return (
                  <td key={frequency}>
                    {cell && (
                      <Cell
                        cell={cell}
                        heatmap={heatmap}
                        level={levelOf(cell.people, steps)}
                        isCurrent={isCurrent}
                        onFocus={() => setCurrent({ recency, frequency })}
                        onOpen={() => setOpened(cell)}
                      />
                    )}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
      <ul className="rfm-legend" aria-label={t("rfm.legend")}>
        <li className="secondary">{t("rfm.legend")}</li>
        {steps.map(({ from, to, level }) => (
          <li key={level}>
            <i className={`rfm-level-${level}`} aria-hidden />
            {from === to
              ? formatNumber(from, locale)
              : `${formatNumber(from, locale)}–${formatNumber(to, locale)}`}
          </li>
        ))}
      </ul>
      {opened && <CellDialog cell={opened} heatmap={heatmap} onClose={() => setOpened(null)} />}
    </Card>
  );
}

type CellProps = {
  cell: HeatCell;
  heatmap: Heatmap;
  level: number;
  isCurrent: boolean;
  onFocus: () => void;
  onOpen: () => void;
};

function Cell({ cell, heatmap, level, isCurrent, onFocus, onOpen }: CellProps) {
  const { t, locale } = useI18n();
  const { recency, frequency } = cell;
  const people = formatNumber(cell.people, locale);
  const spend = formatRounded(cell.monetary_mean, heatmap.currency, locale);
  return (
    <Tooltip
      trigger={["hover", "focus"]}
      title={
        <>
          <ScoreText heatmap={heatmap} dimension="recency" score={recency} />
          <br />
          <ScoreText heatmap={heatmap} dimension="frequency" score={frequency} />
        </>
      }
    >
      <button
        type="button"
        className={`rfm-cell rfm-level-${level}`}
        data-place={`${recency}-${frequency}`}
        aria-label={t("rfm.cell_label", { recency, frequency, people, spend })}
        tabIndex={isCurrent ? 0 : -1}
        onFocus={onFocus}
        onClick={onOpen}
      >
        <strong>{people}</strong>
        <span>{spend}</span>
      </button>
    </Tooltip>
  );
}

type ScoreProps = { heatmap: Heatmap; dimension: Dimension; score: number };

/** A score with its limits, e.g. "R 最近购买 5：不超过 19 天". */
export function ScoreText({ heatmap, dimension, score }: ScoreProps) {
  const { t } = useI18n();
  const words = useRfmWords(heatmap.currency);
  const { model } = heatmap;
  const range = rangeOf(dimension, score, model.scores, model.scales[dimension]?.limits ?? []);
  return (
    <span>
      {t("rfm.dimension_score", { dimension: t(`rfm.${dimension}`), score })}
      {range && words.range(dimension, range)}
    </span>
  );
}
