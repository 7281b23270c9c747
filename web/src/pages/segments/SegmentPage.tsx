import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { Button, Result, Skeleton } from "antd";
import { ProblemError } from "@/api/problem";
import { segmentQuery } from "@/api/segments";
import { useListState } from "@/app/list-state";
import { useMay } from "@/app/session";
import { ErrorNotice } from "@/components/ErrorNotice";
import { LinkTabs } from "@/components/LinkTabs";
import { useT } from "@/i18n";
import { AudiencesTab } from "./AudiencesTab";
import { ChangesTab } from "./ChangesTab";
import { MembersTab } from "./MembersTab";
import { OverlapTab } from "./OverlapTab";
import { OverviewTab } from "./OverviewTab";
import { ProfileTab } from "./ProfileTab";
import { SegmentHead } from "./SegmentHead";
import { VersionsTab } from "./VersionsTab";
import { WhyTab } from "./WhyTab";

const TABS = [
  "overview",
  "members",
  "changes",
  "profile",
  "overlap",
  "audiences",
  "why",
  "versions",
] as const;
type Tab = (typeof TABS)[number];
/** A new segment gets its members within seconds; the page waits for them. */
const WAITING_MS = 1_500;

export function Page() {
  const t = useT();
  const may = useMay();
  const navigate = useNavigate();
  const { segmentId = "" }: { segmentId?: string } = useParams({ strict: false });
  const { search } = useListState();
  const segment = useQuery({
    ...segmentQuery(segmentId),
    refetchInterval: (query) => (query.state.data?.health === "waiting" ? WAITING_MS : false),
  });

  if (segment.isPending) return <Skeleton active paragraph={{ rows: 10 }} />;
  if (!segment.data) {
    if (segment.error instanceof ProblemError && segment.error.status === 404) {
      return (
        <Result
          status="404"
          title={segment.error.message}
          extra={<Button onClick={() => navigate({ to: "/segments" })}>{t("nav.segments")}</Button>}
        />
      );
    }
    return <ErrorNotice error={segment.error} onRetry={segment.refetch} />;
  }
  const isDynamic = segment.data.kind === "dynamic";
  const tabs = TABS.filter((tab) => isDynamic || (tab !== "why" && tab !== "versions"));
  const tab: Tab = tabs.find((candidate) => candidate === search.tab) ?? "overview";
  return (
    <>
      <Link to="/segments" style={{ display: "inline-block", marginBottom: 8 }}>
        ← {t("nav.segments")}
      </Link>
      <SegmentHead segment={segment.data} />
      <LinkTabs
        label={segment.data.name}
        active={tab}
        tabs={tabs.map((key) => ({
          key,
          label: t(`segments.tab_${key}`),
          to: `/segments/${segmentId}`,
          search: { tab: key === "overview" ? undefined : key },
        }))}
      />
      {tab === "overview" && <OverviewTab segment={segment.data} />}
      {tab === "members" && <MembersTab segment={segment.data} mayChange={may("segments.write")} />}
      {tab === "changes" && <ChangesTab segmentId={segmentId} />}
      {tab === "profile" && <ProfileTab segmentId={segmentId} />}
      {tab === "overlap" && <OverlapTab segment={segment.data} />}
      {tab === "audiences" && <AudiencesTab segment={segment.data} />}
      {tab === "why" && <WhyTab segmentId={segmentId} />}
      {tab === "versions" && <VersionsTab segment={segment.data} />}
    </>
  );
}
