import { useQueryClient } from "@tanstack/react-query";
import { Alert, Button, Drawer, Flex, Form, InputNumber, Radio, Segmented } from "antd";
import { useId, useState } from "react";
import { type Heatmap, type RfmModel, rfmQuery } from "@/api/blueprints";
import { ProblemError } from "@/api/problem";
import { ErrorNotice } from "@/components/ErrorNotice";
import { useFeedback } from "@/components/feedback";
import { useT } from "@/i18n";
import { DIMENSIONS, type Draft, isDraftFine, SCORES, toDraft, toModelBody, withScores } from "./model";
import { RegionsEditor } from "./RegionsEditor";
import { ScaleEditor } from "./ScaleEditor";
import { useSaveRfm } from "./use-save";

const USUAL_DAYS = 365;
const PERIOD_MAX = 3650;
const RECALIBRATE_MAX = 366;

type Props = { model: RfmModel; heatmap: Heatmap | undefined; onClose: () => void };

/** Everything about the model that can be set. */
export function SettingsDrawer({ model, heatmap, onClose }: Props) {
  const t = useT();
  const id = useId();
  const { modal } = useFeedback();
  // The map's model has limits even before the first saving, to start from when setting them by hand.
  const isSame = heatmap?.model.version === model.version;
  const [draft, setDraft] = useState<Draft>(() => toDraft(heatmap && isSame ? heatmap.model : model));
  const save = useSaveRfm();
  const change = (patch: Partial<Draft>) => setDraft({ ...draft, ...patch });
  const hasQuantiles = DIMENSIONS.some((dimension) => draft.scales[dimension].binning === "quantile");
  const ask = () =>
    modal.confirm({
      title: t("rfm.save_title"),
      content: t("rfm.save_text"),
      okText: t("action.save"),
      cancelText: t("action.cancel"),
      onOk: () => save.mutate(toModelBody(draft), { onSuccess: onClose }),
    });
  return (
    <Drawer
      open
      onClose={onClose}
      size={760}
      title={t("rfm.settings")}
      footer={
        <Flex justify="end" gap={8}>
          <Button onClick={onClose}>{t("action.cancel")}</Button>
          <Button type="primary" loading={save.isPending} disabled={!isDraftFine(draft)} onClick={ask}>
            {t("action.save")}
          </Button>
        </Flex>
      }
    >
      {save.isError && (
        <SaveProblem
          error={save.error}
          onTaken={(newest, isTheirs) => {
            save.reset();
            setDraft(isTheirs ? toDraft(newest) : { ...draft, version: newest.version });
          }}
        />
      )}
      <Form layout="vertical" component="div">
        <Form.Item required label={t("rfm.scores")} extra={t("rfm.scores_text")}>
          <Segmented<number>
            aria-label={t("rfm.scores")}
            value={draft.scores}
            options={[...SCORES]}
            onChange={(scores) => setDraft(withScores(draft, scores))}
          />
        </Form.Item>
        <Form.Item required label={t("rfm.period")} extra={t("rfm.period_text")}>
          <Flex wrap gap={12} align="center">
            <Radio.Group
              aria-label={t("rfm.period")}
              value={draft.period_days === null ? "ever" : "days"}
              onChange={(event) => change({ period_days: event.target.value === "ever" ? null : USUAL_DAYS })}
              options={[
                { value: "days", label: t("rfm.last_days") },
                { value: "ever", label: t("rfm.ever") },
              ]}
            />
            {draft.period_days !== null && (
              <InputNumber
                aria-label={t("rfm.last_days")}
                min={1}
                max={PERIOD_MAX}
                precision={0}
                value={draft.period_days}
                suffix={t("blueprints.unit_days")}
                onChange={(days) => change({ period_days: days ?? 0 })}
              />
            )}
          </Flex>
        </Form.Item>
        {DIMENSIONS.map((dimension) => (
          <ScaleEditor
            key={dimension}
            dimension={dimension}
            scores={draft.scores}
            scale={draft.scales[dimension]}
            onChange={(scale) => change({ scales: { ...draft.scales, [dimension]: scale } })}
          />
        ))}
        {hasQuantiles && (
          <Form.Item required label={t("rfm.recalibrate")} htmlFor={`${id}recalibrate`}>
            <InputNumber
              id={`${id}recalibrate`}
              min={1}
              max={RECALIBRATE_MAX}
              precision={0}
              value={draft.recalibrate_days}
              suffix={t("blueprints.unit_days")}
              onChange={(days) => change({ recalibrate_days: days ?? 0 })}
            />
          </Form.Item>
        )}
      </Form>
      <RegionsEditor
        regions={draft.regions}
        scores={draft.scores}
        onChange={(regions) => change({ regions })}
      />
    </Drawer>
  );
}

type ProblemProps = { error: unknown; onTaken: (newest: RfmModel, isTheirs: boolean) => void };

/** Why saving failed; after somebody else's saving, the choice between theirs and one's own. */
function SaveProblem({ error, onTaken }: ProblemProps) {
  const t = useT();
  const feedback = useFeedback();
  const queryClient = useQueryClient();
  const isConflict = error instanceof ProblemError && error.code === "blueprints.rfm_changed";
  if (!isConflict) return <ErrorNotice error={error} style={{ marginBottom: 16 }} />;
  const take = (isTheirs: boolean) =>
    queryClient
      .fetchQuery({ ...rfmQuery, staleTime: 0 })
      .then((newest) => onTaken(newest, isTheirs))
      .catch(feedback.failed);
  return (
    <Alert
      type="warning"
      showIcon
      role="alert"
      style={{ marginBottom: 16 }}
      title={error.message}
      description={
        <Flex vertical gap={8}>
          <span>{t("rfm.changed_text")}</span>
          <Flex wrap gap={8}>
            <Button size="small" onClick={() => take(true)}>
              {t("rfm.changed_reload")}
            </Button>
            <Button size="small" onClick={() => take(false)}>
              {t("rfm.changed_overwrite")}
            </Button>
          </Flex>
        </Flex>
      }
    />
  );
}
