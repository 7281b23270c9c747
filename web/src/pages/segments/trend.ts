const MARGIN = 2;
const DECIMALS = 1;

/** Points of a line through values, the smallest at the bottom; equal values lie in the middle. */
export function sparklinePoints(values: number[], width: number, height: number): string {
  const low = Math.min(...values);
  const range = Math.max(...values) - low;
  const inner = { width: width - 2 * MARGIN, height: height - 2 * MARGIN };
  return values
    .map((value, i) => {
      const x = MARGIN + (inner.width * i) / Math.max(1, values.length - 1);
      const y = range === 0 ? height / 2 : MARGIN + inner.height * (1 - (value - low) / range);
      return `${x.toFixed(DECIMALS)},${y.toFixed(DECIMALS)}`;
    })
    .join(" ");
}
