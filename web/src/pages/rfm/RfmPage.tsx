import { CloudUploadOutlined, SettingOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Alert, Button, Flex, Skeleton } from "antd";
import dayjs from "dayjs";
import { useState } from "react";
import { type Heatmap, heatmapQuery, rfmQuery } from "@/api/blueprints";
import { ProblemError } from "@/api/problem";
import { useMay } from "@/app/session";
import { EmptyState } from "@/components/EmptyState";
import { ErrorNotice } from "@/components/ErrorNotice";
import { useFeedback } from "@/components/feedback";
import { PageHead } from "@/components/PageHead";
import { Panel } from "@/components/Panel";
import { useI18n } from "@/i18n";
import { SectionNav } from "@/pages/segments/SectionNav";
import { Definitions } from "./Definitions";
import { HeatMap } from "./HeatMap";
import { toDraft, toModelBody } from "./model";
import { RegionsTable } from "./RegionsTable";
import { SettingsDrawer } from "./SettingsDrawer";
import { useSaveRfm } from "./use-save";
import "./rfm.css";

export function Page() {
  const { t, locale } = useI18n();
  const may = useMay();
  const [isOpen, setIsOpen] = useState(false);
  const heatmap = useQuery(heatmapQuery(locale));
  const model = useQuery({ ...rfmQuery, enabled: isOpen });
  const hasNobody =
    (heatmap.error instanceof ProblemError && heatmap.error.code === "blueprints.nobody_ordered") ||
    heatmap.data?.people === 0;
  return (
    <>
      <PageHead
        title={t("nav.segments")}
        documentTitle={t("rfm.title")}
        text={t("rfm.text")}
        actions={
          may("segments.write") && (
            <Button icon={<SettingOutlined />} onClick={() => setIsOpen(true)}>
              {t("rfm.settings")}
            </Button>
          )
        }
      />
      <SectionNav />
      {heatmap.isPending && <Skeleton active paragraph={{ rows: 10 }} />}
      {heatmap.isError && !hasNobody && (
        <ErrorNotice error={heatmap.error} onRetry={heatmap.refetch} style={{ marginBottom: 16 }} />
      )}
      {hasNobody && <Nobody />}
      {heatmap.data && !hasNobody && <Model heatmap={heatmap.data} />}
      {isOpen && model.data && (
        <SettingsDrawer model={model.data} heatmap={heatmap.data} onClose={() => setIsOpen(false)} />
      )}
    </>
  );
}

function Model({ heatmap }: { heatmap: Heatmap }) {
  const { t } = useI18n();
  return (
    <>
      {heatmap.model.version === 0 && <SwitchOn heatmap={heatmap} />}
      <p className="secondary" style={{ margin: "0 0 12px" }}>
        {t("rfm.as_of", { time: dayjs(heatmap.as_of).format("YYYY-MM-DD HH:mm"), count: heatmap.people })}
      </p>
      <div className="rfm-columns">
        <div className="rfm-main">
          {/* Another highest score is another map: the place of the keyboard starts anew. */}
          <HeatMap key={heatmap.model.scores} heatmap={heatmap} />
          <RegionsTable heatmap={heatmap} />
        </div>
        <Definitions heatmap={heatmap} />
      </div>
    </>
  );
}

function SwitchOn({ heatmap }: { heatmap: Heatmap }) {
  const { t } = useI18n();
  const may = useMay();
  const { modal } = useFeedback();
  const save = useSaveRfm();
  const ask = () =>
    modal.confirm({
      title: t("rfm.switch_on_title"),
      content: t("rfm.save_text"),
      okText: t("rfm.switch_on"),
      cancelText: t("action.cancel"),
      onOk: () => save.mutate(toModelBody(toDraft(heatmap.model))),
    });
  return (
    <>
      <Alert
        type="info"
        showIcon
        style={{ marginBottom: 16 }}
        title={t("rfm.shipped")}
        description={
          <Flex vertical align="start" gap={12}>
            {t("rfm.shipped_text")}
            {may("segments.write") && (
              <Button type="primary" loading={save.isPending} onClick={ask}>
                {t("rfm.switch_on")}
              </Button>
            )}
          </Flex>
        }
      />
      {save.isError && <ErrorNotice error={save.error} onRetry={ask} style={{ marginBottom: 16 }} />}
    </>
  );
}

function Nobody() {
  const { t } = useI18n();
  const may = useMay();
  return (
    <Panel>
      <EmptyState
        icon={<CloudUploadOutlined />}
        title={t("rfm.nobody")}
        text={t("rfm.nobody_text")}
        action={
          may("imports.write") && (
            <Link to="/data/imports/new">
              <Button type="primary" size="large">
                {t("rfm.import_orders")}
              </Button>
            </Link>
          )
        }
      />
    </Panel>
  );
}
