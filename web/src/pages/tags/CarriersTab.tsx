import { TagsOutlined } from "@ant-design/icons";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Button, Flex, Tag as Mark, Table } from "antd";
import { type Carrier, carriersQuery, type Tag } from "@/api/tags";
import { useMay } from "@/app/session";
import { Actor } from "@/components/Actor";
import { TableSkeleton } from "@/components/DataTable";
import { EmptyState } from "@/components/EmptyState";
import { ErrorNotice } from "@/components/ErrorNotice";
import { Panel } from "@/components/Panel";
import { Moment, NOTHING } from "@/components/values";
import { useT } from "@/i18n";

/** Who carries a static tag now, with who gave it, when and why. */
export function CarriersTab({ tag }: { tag: Tag }) {
  const t = useT();
  const may = useMay();
  const people = useInfiniteQuery({
    ...carriersQuery(tag.id),
    enabled: may("customers.read"),
  });
  if (people.isPending) return <TableSkeleton />;
  if (!people.data) return <ErrorNotice error={people.error} onRetry={people.refetch} />;
  const rows = people.data.pages.flatMap((page) => page.items);
  if (rows.length === 0) {
    return (
      <Panel>
        <EmptyState
          isCompact
          icon={<TagsOutlined />}
          title={t("tags.carriers_empty")}
          text={t("tags.carriers_empty_text")}
        />
      </Panel>
    );
  }
  return (
    <Panel>
      {people.data.pages[0]?.is_masked && (
        <div style={{ padding: "12px 16px 0" }}>
          <Mark>{t("customers.masked")}</Mark>
        </div>
      )}
      <Table<Carrier>
        size="middle"
        rowKey={(row) => `${row.person.id} ${row.value}`}
        dataSource={rows}
        pagination={false}
        scroll={{ x: "max-content" }}
        columns={[
          {
            title: t("tags.customer"),
            render: (_, row) => (
              <Link
                to="/customers/$customerId"
                params={{ customerId: row.person.id }}
                search={{ tab: "tags" }}
              >
                {row.person.display_name ?? <span className="mono">{row.person.id}</span>}
              </Link>
            ),
          },
          ...(tag.value_mode === "flag"
            ? []
            : [{ title: t("tags.value"), render: (_: unknown, row: Carrier) => row.value_label }]),
          {
            title: t("tags.given_by"),
            render: (_, row) => (
              <>
                <Actor actor={row.actor} /> <span className="secondary">{t(`tag_source.${row.source}`)}</span>
              </>
            ),
          },
          { title: t("tags.given_at"), render: (_, row) => <Moment at={row.assigned_at} /> },
          {
            title: t("tags.expires"),
            render: (_, row) =>
              row.expires_at ? (
                <Moment at={row.expires_at} />
              ) : (
                <span className="secondary">{t("tags.never")}</span>
              ),
          },
          {
            title: t("tags.reason"),
            render: (_, row) => <span className="cell-text">{row.reason || NOTHING}</span>,
          },
        ]}
      />
      {people.hasNextPage && (
        <Flex justify="center" style={{ padding: 12 }}>
          <Button loading={people.isFetchingNextPage} onClick={() => people.fetchNextPage()}>
            {t("action.load_more")}
          </Button>
        </Flex>
      )}
    </Panel>
  );
}
