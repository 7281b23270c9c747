import { DeleteOutlined, DownloadOutlined, TeamOutlined } from "@ant-design/icons";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { Button, Skeleton } from "antd";
import { useState } from "react";
import { audienceMembersQuery, audienceQuery, downloadPeople } from "@/api/segments";
import { useMay } from "@/app/session";
import { Actor } from "@/components/Actor";
import { EmptyState } from "@/components/EmptyState";
import { ErrorNotice } from "@/components/ErrorNotice";
import { PageHead } from "@/components/PageHead";
import { Moment } from "@/components/values";
import { useT } from "@/i18n";
import { useDeleteAudience } from "./AudienceList";
import { ExportDialog } from "./ExportDialog";
import { PeopleTable } from "./PeopleTable";

export function Page() {
  const t = useT();
  const may = useMay();
  const navigate = useNavigate();
  const { audienceId = "" }: { audienceId?: string } = useParams({ strict: false });
  const audience = useQuery(audienceQuery(audienceId));
  const members = useInfiniteQuery(audienceMembersQuery(audienceId));
  const [isExporting, setIsExporting] = useState(false);
  const remove = useDeleteAudience(() => navigate({ to: "/segments/audiences" }));

  if (audience.isPending) return <Skeleton active />;
  if (!audience.data) return <ErrorNotice error={audience.error} onRetry={audience.refetch} />;
  const { name, segment_id, version, taken_at, taken_by } = audience.data;
  return (
    <>
      <PageHead
        title={name}
        above={<Link to="/segments/audiences">← {t("segments.audiences")}</Link>}
        text={
          <>
            <Moment at={taken_at} /> · <Actor actor={taken_by} />
            {segment_id && (
              <>
                {" · "}
                <Link to="/segments/$segmentId" params={{ segmentId: segment_id }}>
                  {t("segments.from_version", { version: version ?? 1 })}
                </Link>
              </>
            )}
          </>
        }
        actions={
          <>
            {may("segments.export") && (
              <Button icon={<DownloadOutlined />} onClick={() => setIsExporting(true)}>
                {t("segments.export")}
              </Button>
            )}
            {may("segments.write") && (
              <Button danger icon={<DeleteOutlined />} onClick={() => remove(audience.data)}>
                {t("action.delete")}
              </Button>
            )}
          </>
        }
      />
      <PeopleTable
        people={members}
        empty={<EmptyState isCompact icon={<TeamOutlined />} title={t("segments.no_members")} />}
      />
      {isExporting && (
        <ExportDialog
          onClose={() => setIsExporting(false)}
          save={(body) => downloadPeople("audiences", audienceId, body)}
        />
      )}
    </>
  );
}
