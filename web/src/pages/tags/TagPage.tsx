import { EditOutlined, MinusCircleOutlined, PlusCircleOutlined, TeamOutlined } from "@ant-design/icons";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { Alert, Button, Card, Flex, Tag as Mark, Result, Skeleton, Tooltip } from "antd";
import { type ReactNode, useState } from "react";
import { client, send } from "@/api/client";
import { ProblemError } from "@/api/problem";
import { type Tag, tagHistoryQuery, tagQuery } from "@/api/tags";
import { useListState } from "@/app/list-state";
import { useMay } from "@/app/session";
import { Actor } from "@/components/Actor";
import { ErrorNotice } from "@/components/ErrorNotice";
import { useFeedback } from "@/components/feedback";
import { LinkTabs } from "@/components/LinkTabs";
import { PageHead } from "@/components/PageHead";
import { Moment, NOTHING, Num } from "@/components/values";
import { useT } from "@/i18n";
import { BulkDialog } from "./BulkDialog";
import { CarriersTab } from "./CarriersTab";
import { OperationsTab } from "./OperationsTab";
import { TagChip } from "./TagChip";
import { TagDialog } from "./TagDialog";
import { TagHistory } from "./TagHistory";
import { Validity } from "./Validity";
import "./tags.css";

const TABS = ["people", "history", "operations"] as const;

export function Page() {
  const t = useT();
  const navigate = useNavigate();
  const { tagId = "" }: { tagId?: string } = useParams({ strict: false });
  const { search } = useListState();
  const tag = useQuery(tagQuery(tagId));
  const tab = TABS.find((candidate) => candidate === search.tab) ?? "people";
  if (tag.isPending) return <Skeleton active paragraph={{ rows: 10 }} />;
  if (!tag.data) {
    if (tag.error instanceof ProblemError && tag.error.status === 404) {
      return (
        <Result
          status="404"
          title={tag.error.message}
          extra={<Button onClick={() => navigate({ to: "/tags" })}>{t("tags.tags")}</Button>}
        />
      );
    }
    return <ErrorNotice error={tag.error} onRetry={tag.refetch} />;
  }
  return (
    <>
      <Link to="/tags" style={{ display: "inline-block", marginBottom: 8 }}>
        ← {t("tags.tags")}
      </Link>
      <TagHead tag={tag.data} />
      <LinkTabs
        label={t("tags.sections")}
        active={tab}
        tabs={TABS.map((key) => ({
          key,
          label: t(`tags.tab_${key}`),
          to: `/tags/${tagId}`,
          search: { tab: key === "people" ? undefined : key },
        }))}
      />
      {tab === "people" && <CarriersTab tag={tag.data} />}
      {tab === "history" && <TagHistory query={tagHistoryQuery(tagId)} shows="people" />}
      {tab === "operations" && <OperationsTab tag={tag.data} />}
    </>
  );
}

function TagHead({ tag }: { tag: Tag }) {
  const t = useT();
  const may = useMay();
  const [open, setOpen] = useState<"edit" | "assign" | "remove" | null>(null);
  const isStatic = tag.kind === "static";
  return (
    <>
      <PageHead
        title={
          <Flex gap={8} align="center" wrap>
            {tag.name}
            <TagChip tag={tag} />
            {tag.archived_at && <Mark>{t("tags.archived")}</Mark>}
          </Flex>
        }
        documentTitle={tag.name}
        text={tag.description}
        actions={
          may("tags.write") && (
            <>
              <ArchiveButton tag={tag} />
              <Button icon={<EditOutlined />} onClick={() => setOpen("edit")}>
                {t("action.edit")}
              </Button>
              {isStatic && (
                <Button icon={<MinusCircleOutlined />} onClick={() => setOpen("remove")}>
                  {t("tags.remove_many")}
                </Button>
              )}
              {isStatic && !tag.archived_at && (
                <Button type="primary" icon={<PlusCircleOutlined />} onClick={() => setOpen("assign")}>
                  {t("tags.assign_many")}
                </Button>
              )}
            </>
          )
        }
      />
      {!isStatic && (
        <Alert type="info" showIcon title={t("tags.computed_text")} style={{ marginBottom: 12 }} />
      )}
      <Facts tag={tag} />
      {open === "edit" && <TagDialog tag={tag} onClose={() => setOpen(null)} />}
      {(open === "assign" || open === "remove") && (
        <BulkDialog tag={tag} isRemoval={open === "remove"} onClose={() => setOpen(null)} />
      )}
    </>
  );
}

function Facts({ tag }: { tag: Tag }) {
  const t = useT();
  const facts: [string, ReactNode][] = [
    [
      t("tags.people"),
      tag.people === null ? (
        NOTHING
      ) : (
        <Tooltip title={t("tags.people_hint")}>
          <Link to="/customers" search={{ tag: tag.key }} aria-label={t("tags.view_customers")}>
            <TeamOutlined aria-hidden /> <Num value={tag.people} />
          </Link>
        </Tooltip>
      ),
    ],
    [t("tags.group"), tag.group_name ?? t("tags.no_group")],
    [t("tags.kind"), t(`tag_kind.${tag.kind}`)],
    [t("tags.mode"), t(`tag_mode.${tag.value_mode}`)],
    [t("tags.validity"), <Validity key="validity" tag={tag} />],
    [
      t("tags.owner"),
      <Actor key="owner" actor={tag.owner_id === null ? null : `operator:${tag.owner_id}`} />,
    ],
    [
      t("tags.key"),
      <span key="key" className="mono">
        {tag.key}
      </span>,
    ],
    [t("customers.created_at"), <Moment key="created" at={tag.created_at} />],
  ];
  return (
    <Card size="small" style={{ marginBottom: 12 }}>
      <dl className="tag-facts">
        {facts.map(([label, content]) => (
          <div key={label}>
            <dt className="secondary">{label}</dt>
            <dd>{content}</dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}

function ArchiveButton({ tag }: { tag: Tag }) {
  const t = useT();
  const feedback = useFeedback();
  const queryClient = useQueryClient();
  const change = useMutation({
    mutationFn: (isArchived: boolean) =>
      send(
        client.PATCH("/api/v1/tags/{tag_id}", {
          params: { path: { tag_id: tag.id } },
          body: { is_archived: isArchived },
        }),
      ),
    onSuccess: () => {
      queryClient.invalidateQueries({ queryKey: ["tags"] });
      queryClient.invalidateQueries({ queryKey: ["tag", tag.id] });
    },
    onError: feedback.failed,
  });
  if (tag.archived_at) return <Button onClick={() => change.mutate(false)}>{t("tags.restore")}</Button>;
  const ask = () =>
    feedback.modal.confirm({
      title: t("tags.archive_confirm", { name: tag.name }),
      content: t("tags.archive_text"),
      okText: t("tags.archive"),
      onOk: () => change.mutateAsync(true).catch(() => undefined),
    });
  return <Button onClick={ask}>{t("tags.archive")}</Button>;
}
