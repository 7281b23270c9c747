import { EditOutlined, MinusCircleOutlined, PlusCircleOutlined, TeamOutlined } from "@ant-design/icons";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { Alert, Badge, Button, Card, Flex, Tag as Mark, Result, Skeleton, Tooltip } from "antd";
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
import { ChangesTab } from "./ChangesTab";
import { MembersTab } from "./MembersTab";
import { OperationsTab } from "./OperationsTab";
import { RulesTab } from "./RulesTab";
import { TagDialog } from "./TagDialog";
import { TagHistory } from "./TagHistory";
import { useTagRules } from "./use-rules";
import { Validity } from "./Validity";
import { WhyTab } from "./WhyTab";
import "./tags.css";

const STATIC_TABS = ["people", "history", "operations"] as const;
const COMPUTED_TABS = ["rules", "people", "history", "why"] as const;

export function Page() {
  const t = useT();
  const navigate = useNavigate();
  const { tagId = "" }: { tagId?: string } = useParams({ strict: false });
  const { search } = useListState();
  const tag = useQuery(tagQuery(tagId));
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
      {tag.data.kind === "computed" ? (
        <ComputedTag tag={tag.data} wanted={search.tab} />
      ) : (
        <StaticTag tag={tag.data} wanted={search.tab} />
      )}
    </>
  );
}

type PartsProps = { tag: Tag; wanted: string | undefined };

function StaticTag({ tag, wanted }: PartsProps) {
  const tab = STATIC_TABS.find((candidate) => candidate === wanted) ?? "people";
  return (
    <>
      <TagHead tag={tag} people={tag.people} />
      <Tabs tag={tag} tabs={STATIC_TABS} active={tab} />
      {tab === "people" && <CarriersTab tag={tag} />}
      {tab === "history" && <TagHistory query={tagHistoryQuery(tag.id)} shows="people" />}
      {tab === "operations" && <OperationsTab tag={tag} />}
    </>
  );
}

function ComputedTag({ tag, wanted }: PartsProps) {
  const tab = COMPUTED_TABS.find((candidate) => candidate === wanted) ?? "rules";
  const { rules, noteSaved } = useTagRules(tag);
  return (
    <>
      <TagHead tag={tag} people={rules.data?.people ?? null} />
      <Tabs tag={tag} tabs={COMPUTED_TABS} active={tab} />
      {tab === "rules" && <RulesTab tag={tag} rules={rules} onSaved={noteSaved} />}
      {tab !== "rules" && rules.isPending && <Skeleton active paragraph={{ rows: 6 }} />}
      {tab !== "rules" && rules.isError && <ErrorNotice error={rules.error} onRetry={rules.refetch} />}
      {tab === "people" && rules.data && <MembersTab tag={tag} rules={rules.data} />}
      {tab === "history" && rules.data && <ChangesTab tagId={tag.id} rules={rules.data} />}
      {tab === "why" && rules.data && <WhyTab tagId={tag.id} rules={rules.data} />}
    </>
  );
}

type Tab = (typeof STATIC_TABS)[number] | (typeof COMPUTED_TABS)[number];

function Tabs({ tag, tabs, active }: { tag: Tag; tabs: readonly Tab[]; active: Tab }) {
  const t = useT();
  return (
    <LinkTabs
      label={t("tags.sections")}
      active={active}
      tabs={tabs.map((key) => ({
        key,
        label: t(`tags.tab_${key}`),
        to: `/tags/${tag.id}`,
        search: { tab: key === tabs[0] ? undefined : key },
      }))}
    />
  );
}

function TagHead({ tag, people }: { tag: Tag; people: number | null }) {
  const t = useT();
  const may = useMay();
  const [open, setOpen] = useState<"edit" | "assign" | "remove" | null>(null);
  const isStatic = tag.kind === "static";
  return (
    <>
      <PageHead
        title={
          <Flex gap={8} align="center" wrap>
            <Badge color={tag.colour === "default" ? "var(--text-secondary)" : tag.colour} />
            {tag.name}
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
        <Alert
          type="info"
          showIcon
          title={t(tag.archived_at ? "tags.computed_archived" : "tags.computed_text")}
          style={{ marginBottom: 12 }}
        />
      )}
      <Facts tag={tag} people={people} />
      {open === "edit" && <TagDialog tag={tag} onClose={() => setOpen(null)} />}
      {(open === "assign" || open === "remove") && (
        <BulkDialog tag={tag} isRemoval={open === "remove"} onClose={() => setOpen(null)} />
      )}
    </>
  );
}

function Facts({ tag, people }: { tag: Tag; people: number | null }) {
  const t = useT();
  const facts: [string, ReactNode][] = [
    [
      t("tags.people"),
      people === null ? (
        NOTHING
      ) : (
        <Tooltip title={t("tags.people_hint")}>
          <Link to="/customers" search={{ tag: tag.key }} aria-label={t("tags.view_customers")}>
            <TeamOutlined aria-hidden /> <Num value={people} />
          </Link>
        </Tooltip>
      ),
    ],
    [t("tags.group"), tag.group_name ?? t("tags.no_group")],
    [t("tags.kind"), t(`tag_kind.${tag.kind}`)],
    [t("tags.mode"), t(`tag_mode.${tag.value_mode}`)],
    ...(tag.kind === "static"
      ? [[t("tags.validity"), <Validity key="validity" tag={tag} />] as [string, ReactNode]]
      : []),
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
      content: t(tag.kind === "computed" ? "tags.archive_computed_text" : "tags.archive_text"),
      okText: t("tags.archive"),
      onOk: () => change.mutateAsync(true).catch(() => undefined),
    });
  return <Button onClick={ask}>{t("tags.archive")}</Button>;
}
