import { ArrowDownOutlined, ArrowUpOutlined, DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { Alert, Button, Flex, Input, Slider } from "antd";
import { useI18n } from "@/i18n";
import {
  coverageOf,
  DIMENSIONS,
  type Dimension,
  type DraftRegion,
  moved,
  newRegion,
  REGIONS_MAX,
  regionProblem,
  scoresUp,
} from "./model";

const NAME_MAX = 40;

type Props = { regions: DraftRegion[]; scores: number; onChange: (regions: DraftRegion[]) => void };

/** Names for parts of the cube of scores, in the order they are tried. */
export function RegionsEditor({ regions, scores, onChange }: Props) {
  const { t, locale } = useI18n();
  const nameOf = (region: DraftRegion) =>
    (locale === "zh-CN" ? region.name_zh : region.name_en) || region.key;
  const coverage = coverageOf(regions, scores);
  const hidden = regions.filter((region) => coverage.hidden.includes(region.key));
  return (
    <fieldset className="rfm-fieldset">
      <legend>{t("rfm.regions")}</legend>
      <div className="secondary">{t("rfm.regions_text")}</div>
      {regions.map((region, index) => (
        <RegionRow
          key={region.id}
          number={index + 1}
          name={nameOf(region)}
          region={region}
          regions={regions}
          scores={scores}
          onChange={(changed) => onChange(regions.map((other, place) => (place === index ? changed : other)))}
          onMove={(by) => onChange(moved(regions, index, by))}
          onRemove={() => onChange(regions.filter((other) => other !== region))}
        />
      ))}
      <Flex vertical gap={8} style={{ marginTop: 12 }}>
        <div>
          <Button
            icon={<PlusOutlined />}
            disabled={regions.length >= REGIONS_MAX}
            onClick={() => onChange([...regions, newRegion(regions, scores)])}
          >
            {t("rfm.region_add")}
          </Button>
        </div>
        {coverage.uncovered > 0 && (
          <Alert
            type="info"
            showIcon
            title={t("rfm.uncovered", { count: coverage.uncovered, all: coverage.all })}
          />
        )}
        {hidden.length > 0 && (
          <Alert
            type="warning"
            showIcon
            title={t("rfm.hidden", { names: hidden.map(nameOf).join(locale === "zh-CN" ? "、" : ", ") })}
          />
        )}
      </Flex>
    </fieldset>
  );
}

type RowProps = {
  number: number;
  name: string;
  region: DraftRegion;
  regions: DraftRegion[];
  scores: number;
  onChange: (region: DraftRegion) => void;
  onMove: (by: -1 | 1) => void;
  onRemove: () => void;
};

function RegionRow({ number, name, region, regions, scores, onChange, onMove, onRemove }: RowProps) {
  const { t } = useI18n();
  const problem = regionProblem(regions, number - 1);
  const isNameWrong = (text: string) => (text.trim() === "" ? "error" : undefined);
  return (
    <section className="rfm-region-row" aria-label={t("rfm.region_n", { n: number })}>
      <div className="rfm-region-names">
        <Input
          aria-label={`${t("rfm.name_zh")} ${number}`}
          placeholder={t("rfm.name_zh")}
          maxLength={NAME_MAX}
          status={isNameWrong(region.name_zh)}
          value={region.name_zh}
          onChange={(event) => onChange({ ...region, name_zh: event.target.value })}
        />
        <Input
          aria-label={`${t("rfm.name_en")} ${number}`}
          placeholder={t("rfm.name_en")}
          maxLength={NAME_MAX}
          status={isNameWrong(region.name_en)}
          value={region.name_en}
          onChange={(event) => onChange({ ...region, name_en: event.target.value })}
        />
        <Input
          aria-label={`${t("rfm.region_key")} ${number}`}
          className="mono"
          status={problem === "key" || problem === "key_twice" ? "error" : undefined}
          value={region.key}
          onChange={(event) => onChange({ ...region, key: event.target.value.trim() })}
        />
        <Flex>
          <Button
            type="text"
            icon={<ArrowUpOutlined />}
            aria-label={t("rfm.region_up", { name })}
            disabled={number === 1}
            onClick={() => onMove(-1)}
          />
          <Button
            type="text"
            icon={<ArrowDownOutlined />}
            aria-label={t("rfm.region_down", { name })}
            disabled={number === regions.length}
            onClick={() => onMove(1)}
          />
          <Button
            type="text"
            icon={<DeleteOutlined />}
            aria-label={t("rfm.region_remove", { name })}
            disabled={regions.length === 1}
            onClick={onRemove}
          />
        </Flex>
      </div>
      {problem && <div style={{ color: "var(--removed)" }}>{t(`rfm.problem_${problem}`)}</div>}
      <div className="rfm-region-scores">
        {DIMENSIONS.map((dimension) => (
          <Ends
            key={dimension}
            dimension={dimension}
            name={name}
            scores={scores}
            ends={region[dimension]}
            onChange={(ends) => onChange({ ...region, [dimension]: ends })}
          />
        ))}
      </div>
    </section>
  );
}

type EndsProps = {
  dimension: Dimension;
  name: string;
  scores: number;
  ends: [number, number];
  onChange: (ends: [number, number]) => void;
};

function Ends({ dimension, name, scores, ends, onChange }: EndsProps) {
  const { t } = useI18n();
  const label = t(`rfm.${dimension}`);
  const about = { name, dimension: label };
  return (
    <div>
      <span className="secondary">{label}</span>
      <Slider
        range
        min={1}
        max={scores}
        marks={Object.fromEntries(scoresUp(scores).map((score) => [score, String(score)]))}
        ariaLabelForHandle={[t("rfm.range_from", about), t("rfm.range_to", about)]}
        tooltip={{ open: false }}
        value={ends}
        onChange={([low = 1, high = scores]) => onChange([low, high])}
        style={{ marginBlock: "6px 22px" }}
      />
    </div>
  );
}
