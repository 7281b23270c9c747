import { CameraOutlined, DownloadOutlined, EditOutlined, MoreOutlined } from "@ant-design/icons";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Alert, Button, Dropdown, type MenuProps } from "antd";
import { useState } from "react";
import { client, type Schemas, send } from "@/api/client";
import { downloadPeople, type SegmentDetail, segmentQuery } from "@/api/segments";
import { useMay } from "@/app/session";
import { Actor } from "@/components/Actor";
import { useFeedback } from "@/components/feedback";
import { PageHead } from "@/components/PageHead";
import { Moment, Num } from "@/components/values";
import { useT } from "@/i18n";
import { ExportDialog } from "./ExportDialog";
import { FreezeDialog } from "./FreezeDialog";
import { ProblemText, SegmentStatus } from "./SegmentStatus";

/** Who it is, how it stands, and what can be done with it. */
export function SegmentHead({ segment }: { segment: SegmentDetail }) {
  const t = useT();
  const may = useMay();
  const [open, setOpen] = useState<"export" | "freeze" | null>(null);
  const menu = useSegmentMenu(segment);
  const close = () => setOpen(null);
  return (
    <>
      <PageHead
        title={
          <>
            {segment.name} <SegmentStatus segment={segment} />
          </>
        }
        documentTitle={segment.name}
        actions={
          <>
            {may("segments.write") && (
              <Link to="/segments/$segmentId/edit" params={{ segmentId: segment.id }}>
                <Button type="primary" icon={<EditOutlined />}>
                  {t("action.edit")}
                </Button>
              </Link>
            )}
            {may("segments.write") && (
              <Button
                icon={<CameraOutlined />}
                disabled={segment.size === null}
                onClick={() => setOpen("freeze")}
              >
                {t("segments.freeze")}
              </Button>
            )}
            {may("segments.export") && (
              <Button
                icon={<DownloadOutlined />}
                disabled={segment.size === null}
                onClick={() => setOpen("export")}
              >
                {t("segments.export")}
              </Button>
            )}
            {may("segments.write") && (
              <Dropdown trigger={["click"]} menu={menu}>
                <Button icon={<MoreOutlined />} aria-label={t("action.more")} />
              </Dropdown>
            )}
          </>
        }
      />
      {segment.problem && (
        <Alert
          type="error"
          showIcon
          title={t(`segment_health.${segment.health}`)}
          description={<ProblemText problem={segment.problem} />}
          style={{ marginBottom: 12 }}
        />
      )}
      <dl className="figures" style={{ margin: 0 }}>
        <Figure label={t("segments.size")}>
          {segment.size === null ? t("segments.computing") : <Num value={segment.size} />}
        </Figure>
        <Figure label={t("segments.computed")}>
          <span style={{ fontSize: 16 }}>
            <Moment at={segment.computed_at} />
          </span>
        </Figure>
        <Figure label={t("segments.version")}>
          <Num value={segment.version} />
        </Figure>
        <Figure label={t("segments.owner")}>
          <Actor actor={segment.owner} />
        </Figure>
        <Figure label={t("segments.key")}>
          <span className="mono">{segment.key}</span>
        </Figure>
      </dl>
      {segment.description && <p className="wrap-anywhere">{segment.description}</p>}
      {open === "export" && (
        <ExportDialog onClose={close} save={(body) => downloadPeople("segments", segment.id, body)} />
      )}
      {open === "freeze" && <FreezeDialog segment={segment} onClose={close} />}
    </>
  );
}

function Figure({ label, children }: { label: string; children: React.ReactNode }) {
  return (
    <div>
      <dt className="secondary">{label}</dt>
      <dd className="figure-value" style={{ margin: 0 }}>
        {children}
      </dd>
    </div>
  );
}

function useSegmentMenu(segment: SegmentDetail): MenuProps {
  const t = useT();
  const navigate = useNavigate();
  const feedback = useFeedback();
  const queryClient = useQueryClient();
  const path = { params: { path: { segment_id: segment.id } } };
  const setState = useMutation({
    mutationFn: (state: Schemas["SegmentState"]) =>
      send(client.PATCH("/api/v1/segments/{segment_id}", { ...path, body: { state, note: "" } })),
    onSuccess: (changed) => {
      queryClient.setQueryData(segmentQuery(segment.id).queryKey, changed);
      queryClient.invalidateQueries({ queryKey: ["segments"] });
      feedback.done(t("segments.saved"));
    },
    onError: feedback.failed,
  });
  const remove = useMutation({
    mutationFn: () => send(client.DELETE("/api/v1/segments/{segment_id}", path)),
    onSuccess: () => {
      queryClient.removeQueries({ queryKey: ["segment", segment.id] });
      queryClient.invalidateQueries({ queryKey: ["segments"] });
      queryClient.invalidateQueries({ queryKey: ["condition-catalogue"] });
      feedback.done(t("segments.deleted"));
      navigate({ to: "/segments" });
    },
    onError: feedback.failed,
  });
  const askDelete = () =>
    feedback.modal.confirm({
      title: t("segments.delete_title", { name: segment.name }),
      content: t("segments.delete_text"),
      okText: t("action.delete"),
      okButtonProps: { danger: true },
      onOk: () => remove.mutateAsync().catch(() => undefined),
    });
  const isActive = segment.state === "active";
  return {
    items: [
      {
        key: "copy",
        label: t("segments.copy"),
        onClick: () => navigate({ to: "/segments/new", search: { copy: segment.id } }),
      },
      {
        key: "pause",
        label: t(isActive ? "segments.pause" : "segments.resume"),
        onClick: () => setState.mutate(isActive ? "paused" : "active"),
      },
      ...(segment.state === "archived"
        ? []
        : [{ key: "archive", label: t("segments.archive"), onClick: () => setState.mutate("archived") }]),
      { type: "divider" as const },
      { key: "delete", danger: true, label: t("action.delete"), onClick: askDelete },
    ],
  };
}
