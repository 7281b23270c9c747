import { useQuery } from "@tanstack/react-query";
import { Card, Empty, Select, Skeleton } from "antd";
import { useState } from "react";
import { catalogueQuery, type Distribution, profileQuery } from "@/api/segments";
import { ErrorNotice } from "@/components/ErrorNotice";
import { formatNumber, formatShare, NOTHING } from "@/components/values";
import { useI18n } from "@/i18n";
import { barsOf, usualFields } from "./profile";
import "./segments.css";

const FIELDS_MAX = 12;

/** Who the members are: chosen fields among them, against everybody. */
export function ProfileTab({ segmentId }: { segmentId: string }) {
  const { t, locale } = useI18n();
  const catalogue = useQuery(catalogueQuery(locale));
  const [chosen, setChosen] = useState<string[] | null>(null);
  const available = catalogue.data?.fields ?? [];
  const fields = chosen ?? usualFields(available);
  const profile = useQuery(profileQuery(segmentId, fields));
  return (
    <>
      <Select<string[]>
        mode="multiple"
        aria-label={t("segments.profile_fields")}
        placeholder={t("segments.profile_fields")}
        value={fields}
        onChange={setChosen}
        maxCount={FIELDS_MAX}
        showSearch={{ optionFilterProp: "label" }}
        options={available.map(({ name, label }) => ({ value: name, label }))}
        style={{ width: "100%", maxWidth: 720, marginBottom: 12 }}
      />
      {catalogue.isError && <ErrorNotice error={catalogue.error} onRetry={catalogue.refetch} />}
      {profile.isError && <ErrorNotice error={profile.error} onRetry={profile.refetch} />}
      {profile.isLoading && <Skeleton active />}
      <div className="profile-grid" aria-busy={profile.isPlaceholderData}>
        {profile.data?.distributions.map((distribution) => (
          <DistributionCard key={distribution.field} distribution={distribution} />
        ))}
      </div>
    </>
  );
}

function DistributionCard({ distribution }: { distribution: Distribution }) {
  const { t, locale } = useI18n();
  const bars = barsOf(distribution, t("segments.without"));
  const { members_mean, everybody_mean } = distribution;
  const mean = (value: string | null) => (value === null ? NOTHING : formatNumber(value, locale, 2));
  return (
    <Card size="small" title={distribution.label}>
      {members_mean !== null && (
        <p className="secondary">
          {t("segments.means", { members: mean(members_mean), everybody: mean(everybody_mean) })}
        </p>
      )}
      {distribution.members === 0 && <Empty description={t("segments.no_members")} />}
      {distribution.members > 0 && (
        <table className="profile-bars">
          <thead className="visually-hidden">
            <tr>
              <th scope="col">{distribution.label}</th>
              <th scope="col">{t("segments.members")}</th>
              <th scope="col">{t("segments.everybody")}</th>
            </tr>
          </thead>
          <tbody>
            {bars.map((bar) => (
              <tr key={bar.value}>
                <th scope="row">{bar.label}</th>
                <td>
                  <span className="bar is-members" style={{ width: `${bar.membersWidth}%` }} />
                  <span className="num">
                    {formatShare(bar.members, locale)}
                    {bar.ratio !== null && (
                      <em className={bar.ratio >= 1 ? "is-more" : "is-less"}>
                        {t("segments.times", { n: formatNumber(bar.ratio, locale, 1) })}
                      </em>
                    )}
                  </span>
                </td>
                <td>
                  <span className="bar" style={{ width: `${bar.everybodyWidth}%` }} />
                  <span className="num secondary">{formatShare(bar.everybody, locale)}</span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <div className="secondary profile-legend">
        <span className="bar is-members" /> {t("segments.members")} <span className="bar" />{" "}
        {t("segments.everybody")}
      </div>
    </Card>
  );
}
