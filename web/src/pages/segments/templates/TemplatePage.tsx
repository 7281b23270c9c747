import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { Button, Card, Form, Result, Skeleton } from "antd";
import { useEffect, useState } from "react";
import { type Blueprint, blueprintsQuery, builtQuery, type Settings } from "@/api/blueprints";
import { ErrorNotice } from "@/components/ErrorNotice";
import { PageHead } from "@/components/PageHead";
import { useI18n } from "@/i18n";
import { BuiltValues } from "./BuiltValues";
import { MakeForm } from "./MakeForm";
import { SettingInput } from "./SettingInput";
import { defaultsOf, settingProblem } from "./settings";
import "./templates.css";

const PAUSE_MS = 350;

/** One ready definition: its settings, what it then says, and making it. */
export function Page() {
  const { t, locale } = useI18n();
  const { name = "" }: { name?: string } = useParams({ strict: false });
  const blueprints = useQuery(blueprintsQuery(locale));
  const blueprint = blueprints.data?.find((candidate) => candidate.name === name);
  if (blueprints.isPending) return <Skeleton active paragraph={{ rows: 10 }} />;
  if (!blueprints.data) return <ErrorNotice error={blueprints.error} onRetry={blueprints.refetch} />;
  if (!blueprint) {
    return (
      <Result
        status="404"
        title={t("blueprints.unknown")}
        extra={
          <Link to="/segments/templates">
            <Button type="primary">{t("blueprints.title")}</Button>
          </Link>
        }
      />
    );
  }
  return <Template key={blueprint.name} blueprint={blueprint} />;
}

function Template({ blueprint }: { blueprint: Blueprint }) {
  const { t, locale } = useI18n();
  const [settings, setSettings] = useState<Settings>(() => defaultsOf(blueprint.settings));
  const wanted = useSettled(settings);
  const isFine = (given: Settings) =>
    blueprint.settings.every((setting) => settingProblem(setting, given[setting.name] ?? "") === null);
  const built = useQuery({ ...builtQuery(blueprint.name, wanted, locale), enabled: isFine(wanted) });
  const isCurrent = wanted === settings && isFine(settings) && !built.isPlaceholderData;
  const isReady = isCurrent && built.isSuccess && built.data.values.length > 0;
  return (
    <>
      <PageHead
        title={blueprint.title}
        text={blueprint.description}
        above={<Link to="/segments/templates">← {t("blueprints.title")}</Link>}
      />
      <div className="template-columns">
        <Card size="small" title={t("blueprints.settings")}>
          <Form layout="vertical" component="div">
            {blueprint.settings.map((setting) => (
              <SettingInput
                key={setting.name}
                blueprint={blueprint.name}
                setting={setting}
                value={settings[setting.name] ?? ""}
                onChange={(value) => setSettings({ ...settings, [setting.name]: value })}
              />
            ))}
          </Form>
        </Card>
        {built.data ? (
          <BuiltValues built={built.data} isStale={!isCurrent} error={built.error} />
        ) : (
          <Card size="small" title={t("blueprints.meaning")}>
            {built.isError && <ErrorNotice error={built.error} onRetry={built.refetch} />}
            {isFine(settings) ? (
              !built.isError && <Skeleton active />
            ) : (
              <span className="secondary">{t("blueprints.fill_settings")}</span>
            )}
          </Card>
        )}
        <MakeForm blueprint={blueprint} settings={settings} built={built.data} isReady={isReady} />
      </div>
    </>
  );
}

/** The settings once typing pauses. */
function useSettled(settings: Settings): Settings {
  const [settled, setSettled] = useState(settings);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(settings), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [settings]);
  return settled;
}
