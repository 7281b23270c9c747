import { BarChart, LineChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { type EChartsCoreOption, init, use as useParts } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { useEffect, useMemo, useRef } from "react";
import type { TrendDay } from "@/api/segments";
import { useIsDark } from "@/app/preferences";
import { formatNumber } from "@/components/values";
import { useI18n } from "@/i18n";

useParts([BarChart, LineChart, AriaComponent, GridComponent, LegendComponent, TooltipComponent, SVGRenderer]);

/** Size as a line, entries and exits as bars below it; gaps are days before the first computation. */
export default function TrendChart({ days }: { days: TrendDay[] }) {
  const { t, locale } = useI18n();
  const isDark = useIsDark();
  const holder = useRef<HTMLDivElement>(null);
  const option = useMemo<EChartsCoreOption>(() => {
    const colours = coloursOf(isDark);
    const axis = { axisLabel: { color: colours.text }, axisLine: { lineStyle: { color: colours.line } } };
    const number = (value: unknown) => formatNumber(value as number, locale);
    const bars = { type: "bar", xAxisIndex: 1, yAxisIndex: 1, stack: "changes" } as const;
    return {
      animation: false,
      aria: { enabled: true },
      color: [colours.size, colours.entered, colours.left],
      grid: [
        { left: 56, right: 16, top: 32, height: 150 },
        { left: 56, right: 16, top: 212, height: 56 },
      ],
      legend: { top: 0, left: 0, textStyle: { color: colours.text }, icon: "roundRect" },
      tooltip: { trigger: "axis", valueFormatter: (value: unknown) => number(value) },
      axisPointer: { link: [{ xAxisIndex: "all" }] },
      xAxis: [0, 1].map((gridIndex) => ({
        ...axis,
        type: "category",
        gridIndex,
        data: days.map((day) => day.day),
        axisLabel: { ...axis.axisLabel, show: gridIndex === 1 },
        axisTick: { show: false },
      })),
      yAxis: [0, 1].map((gridIndex) => ({
        ...axis,
        type: "value",
        gridIndex,
        minInterval: 1,
        scale: gridIndex === 0,
        splitNumber: gridIndex === 0 ? 4 : 2,
        axisLabel: { ...axis.axisLabel, formatter: (value: number) => number(Math.abs(value)) },
        splitLine: { lineStyle: { color: colours.line } },
      })),
      series: [
        {
          type: "line",
          name: t("segments.size"),
          data: days.map((day) => day.size),
          symbol: "circle",
          symbolSize: (_: unknown, { dataIndex }: { dataIndex: number }) =>
            days[dataIndex]?.is_recomputed ? 8 : 4,
          areaStyle: { opacity: 0.08 },
        },
        { ...bars, name: t("segments.entered"), data: days.map((day) => day.entered) },
        {
          ...bars,
          name: t("segments.left"),
          data: days.map((day) => -day.left),
          tooltip: { valueFormatter: (value: unknown) => number(Math.abs(Number(value))) },
        },
      ],
    };
  }, [days, isDark, locale, t]);

  useEffect(() => {
    if (!holder.current) return;
    const chart = init(holder.current, null, { renderer: "svg" });
    chart.setOption(option);
    const observer = new ResizeObserver(() => chart.resize());
    observer.observe(holder.current);
    return () => {
      observer.disconnect();
      chart.dispose();
    };
  }, [option]);

  return (
    <>
      <div ref={holder} style={{ height: 300 }} />
      {days.some((day) => day.is_recomputed) && (
        <span className="secondary">{t("segments.recomputed_hint")}</span>
      )}
    </>
  );
}

/** The theme's colours as the chart needs them, which cannot read CSS variables everywhere. */
function coloursOf(isDark: boolean) {
  return isDark
    ? { text: "#a5adba", line: "#2a2f38", size: "#7ba3ff", entered: "#3fae74", left: "#f06a6a" }
    : { text: "#556070", line: "#eceef2", size: "#2757c9", entered: "#157f4a", left: "#c9302c" };
}
