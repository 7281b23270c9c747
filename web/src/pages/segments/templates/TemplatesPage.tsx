import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Skeleton, Typography } from "antd";
import { type Blueprint, blueprintsQuery } from "@/api/blueprints";
import { ErrorNotice } from "@/components/ErrorNotice";
import { PageHead } from "@/components/PageHead";
import { useI18n } from "@/i18n";
import "./templates.css";

const OUTCOMES = ["segment", "tag"] as const satisfies Blueprint["outcome"][];

/** The ready definitions: what others have found useful, to start from. */
export function Page() {
  const { t, locale } = useI18n();
  const blueprints = useQuery(blueprintsQuery(locale));
  return (
    <>
      <PageHead
        title={t("blueprints.title")}
        text={t("blueprints.text")}
        above={<Link to="/segments">← {t("segments.segments")}</Link>}
      />
      {blueprints.isPending && <Skeleton active paragraph={{ rows: 10 }} />}
      {blueprints.isError && <ErrorNotice error={blueprints.error} onRetry={blueprints.refetch} />}
      {blueprints.data &&
        OUTCOMES.map((outcome) => (
          <section key={outcome} aria-labelledby={`templates-${outcome}`}>
            <Typography.Title level={2} id={`templates-${outcome}`} style={{ fontSize: 16, marginTop: 0 }}>
              {t(`blueprints.outcome_${outcome}`)}
            </Typography.Title>
            <ul className="template-grid">
              {blueprints.data
                .filter((blueprint) => blueprint.outcome === outcome)
                .map((blueprint) => (
                  <li key={blueprint.name}>
                    <Card blueprint={blueprint} />
                  </li>
                ))}
              {outcome === "tag" && (
                <li>
                  <Link to="/rfm" className="template-card">
                    <strong>{t("rfm.title")}</strong>
                    <span className="secondary">{t("rfm.text")}</span>
                  </Link>
                </li>
              )}
            </ul>
          </section>
        ))}
    </>
  );
}

function Card({ blueprint }: { blueprint: Blueprint }) {
  return (
    <Link to="/segments/templates/$name" params={{ name: blueprint.name }} className="template-card">
      <strong>{blueprint.title}</strong>
      <span className="secondary">{blueprint.description}</span>
    </Link>
  );
}
