import { HistoryOutlined } from "@ant-design/icons";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Button, Flex, Table } from "antd";
import type { customerTagHistoryQuery, TagChange, tagHistoryQuery } from "@/api/tags";
import { Actor } from "@/components/Actor";
import { TableSkeleton } from "@/components/DataTable";
import { EmptyState } from "@/components/EmptyState";
import { ErrorNotice } from "@/components/ErrorNotice";
import { Panel } from "@/components/Panel";
import { Moment, NOTHING } from "@/components/values";
import { useT } from "@/i18n";
import { TagChip } from "./TagChip";

type Props = {
  query: ReturnType<typeof tagHistoryQuery> | ReturnType<typeof customerTagHistoryQuery>;
  /** Of a tag: the people; of a customer: the tags. */
  shows: "people" | "tags";
};

/** Who got and lost what, when, by whom and why; newest first. */
export function TagHistory({ query, shows }: Props) {
  const t = useT();
  const history = useInfiniteQuery(query as ReturnType<typeof tagHistoryQuery>);
  if (history.isPending) return <TableSkeleton rows={4} />;
  if (!history.data) return <ErrorNotice error={history.error} onRetry={history.refetch} />;
  const rows = history.data.pages.flatMap((page) => page.items);
  return (
    <Panel title={shows === "tags" ? t("tags.tab_history") : undefined}>
      {rows.length === 0 ? (
        <EmptyState isCompact icon={<HistoryOutlined />} title={t("tags.history_empty")} />
      ) : (
        <Table<TagChange>
          size="middle"
          rowKey={(row) => row.id}
          dataSource={rows}
          pagination={false}
          scroll={{ x: "max-content" }}
          columns={[
            { title: t("tags.when"), render: (_, row) => <Moment at={row.changed_at} /> },
            {
              title: t("tags.what"),
              render: (_, row) => (
                <Flex vertical gap={2}>
                  <span>
                    {t(`tag_action.${row.action}`)}
                    {shows === "people" && row.value_label ? `：${row.value_label}` : ""}
                  </span>
                  {row.displaced_by && (
                    <span className="secondary">{t("tags.displaced", { name: row.displaced_by.name })}</span>
                  )}
                </Flex>
              ),
            },
            shows === "people"
              ? { title: t("tags.customer"), render: (_, row) => <Person change={row} /> }
              : {
                  title: t("tags.tags"),
                  render: (_, row) => <TagChip tag={row.tag} value={row.value_label} to={row.tag.id} />,
                },
            {
              title: t("tags.given_by"),
              render: (_, row) => (
                <>
                  <Actor actor={row.actor} />{" "}
                  <span className="secondary">
                    {row.operation_id ? t("tags.in_operation") : t(`tag_source.${row.source}`)}
                  </span>
                </>
              ),
            },
            {
              title: t("tags.reason"),
              render: (_, row) => <span className="cell-text">{row.reason || NOTHING}</span>,
            },
          ]}
        />
      )}
      {history.hasNextPage && (
        <Flex justify="center" style={{ padding: 12 }}>
          <Button loading={history.isFetchingNextPage} onClick={() => history.fetchNextPage()}>
            {t("action.load_more")}
          </Button>
        </Flex>
      )}
    </Panel>
  );
}

function Person({ change }: { change: TagChange }) {
  return (
    <Link to="/customers/$customerId" params={{ customerId: change.person_id }} search={{ tab: "tags" }}>
      {change.display_name ?? <span className="mono">{change.person_id}</span>}
    </Link>
  );
}
