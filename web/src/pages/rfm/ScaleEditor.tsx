import { InputNumber, Segmented } from "antd";
import { useT } from "@/i18n";
import { areLimitsFine, type Dimension, type DraftScale } from "./model";

type Props = {
  dimension: Dimension;
  scores: number;
  scale: DraftScale;
  onChange: (scale: DraftScale) => void;
};

/** Where the limits of one dimension come from, and by hand: which they are, from small to large. */
export function ScaleEditor({ dimension, scores, scale, onChange }: Props) {
  const t = useT();
  const name = t(`rfm.${dimension}`);
  const isByHand = scale.binning === "thresholds";
  const limits = Array.from({ length: scores - 1 }, (_, index) => scale.limits[index] ?? "");
  const setLimit = (index: number, value: string) =>
    onChange({ ...scale, limits: limits.map((limit, place) => (place === index ? value : limit)) });
  return (
    <fieldset className="rfm-fieldset">
      <legend>{name}</legend>
      <Segmented<DraftScale["binning"]>
        aria-label={`${name}: ${t("rfm.binning")}`}
        value={scale.binning}
        options={[
          { value: "quantile", label: t("rfm_binning.quantile") },
          { value: "thresholds", label: t("rfm_binning.thresholds") },
        ]}
        onChange={(binning) => onChange({ binning, limits })}
      />
      {isByHand ? (
        <>
          <div className="rfm-limit-inputs">
            {limits.map((limit, index) => (
              <InputNumber<string>
                key={index}
                stringMode
                aria-label={t("rfm.limit_n", { dimension: name, n: index + 1 })}
                min="0"
                precision={dimension === "monetary" ? undefined : 0}
                value={limit}
                onChange={(value) => setLimit(index, value === null ? "" : String(value))}
                style={{ width: 120 }}
              />
            ))}
          </div>
          {!areLimitsFine({ ...scale, limits }, scores) && (
            <div role="alert" style={{ color: "var(--removed)", marginTop: 6 }}>
              {t("rfm.limits_wrong")}
            </div>
          )}
        </>
      ) : (
        <div className="secondary" style={{ marginTop: 6 }}>
          {t("rfm.limits_quantile")}
        </div>
      )}
    </fieldset>
  );
}
