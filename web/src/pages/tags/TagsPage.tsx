import { FolderOutlined, PlusOutlined, TagsOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Button, Checkbox, Flex, Tag as Mark, Select } from "antd";
import { useState } from "react";
import { type ComputedPeople, computedTagsQuery, type Tag, type TagGroup, tagsQuery } from "@/api/tags";
import { type ListState, useListState } from "@/app/list-state";
import { useMay } from "@/app/session";
import { Actor } from "@/components/Actor";
import { type Column, DataTable } from "@/components/DataTable";
import { EmptyState } from "@/components/EmptyState";
import { ColumnChoice, ListBar, SearchBox } from "@/components/ListTools";
import { NothingFound } from "@/components/NothingFound";
import { PageHead } from "@/components/PageHead";
import { Panel } from "@/components/Panel";
import { formatNumber, Moment, NOTHING, Num } from "@/components/values";
import { type Translate, useI18n, useT } from "@/i18n";
import { SectionNav } from "@/pages/segments/SectionNav";
import { GroupsDialog } from "./GroupsDialog";
import { TagChip } from "./TagChip";
import { TagDialog } from "./TagDialog";
import { NO_GROUP, narrowTags } from "./tags";
import { Validity } from "./Validity";

const KINDS = ["static", "computed"] as const satisfies Tag["kind"][];

export function Page() {
  const t = useT();
  const may = useMay();
  const state = useListState();
  const [open, setOpen] = useState<"tag" | "groups" | null>(null);
  const { q, group, kind, archived } = state.search;
  const tags = useQuery(tagsQuery(archived === "yes"));
  const computed = useQuery(computedTagsQuery);
  const found = narrowTags(tags.data?.items ?? [], { q, group, kind });
  const first = (state.page - 1) * state.pageSize;
  const columns = tagColumns(t, new Map(computed.data?.items.map((item) => [item.tag_id, item])));
  const canWrite = may("tags.write");
  const newTag = (
    <Button type="primary" icon={<PlusOutlined />} onClick={() => setOpen("tag")}>
      {t("tags.new")}
    </Button>
  );
  return (
    <>
      <PageHead
        title={t("nav.segments")}
        documentTitle={t("tags.tags")}
        text={t("tags.text")}
        actions={
          canWrite && (
            <>
              <Button icon={<FolderOutlined />} onClick={() => setOpen("groups")}>
                {t("tags.groups")}
              </Button>
              {newTag}
            </>
          )
        }
      />
      <SectionNav />
      <Panel>
        <ListBar end={<ColumnChoice columns={columns} state={state} />}>
          <SearchBox state={state} placeholder={t("tags.search")} width={300} />
          <Filters state={state} groups={tags.data?.groups ?? []} />
        </ListBar>
        <DataTable
          columns={columns}
          rowKey={(row) => row.id}
          query={{
            ...tags,
            data: tags.data && {
              items: found.slice(first, first + state.pageSize),
              total: found.length,
              page: state.page,
              page_size: state.pageSize,
            },
          }}
          state={state}
          empty={
            q || group || kind ? (
              <NothingFound state={state} />
            ) : (
              <EmptyState
                icon={<TagsOutlined />}
                title={t("tags.empty")}
                text={t("tags.empty_text")}
                action={canWrite && newTag}
              />
            )
          }
        />
      </Panel>
      {open === "tag" && <TagDialog tag={null} onClose={() => setOpen(null)} />}
      {open === "groups" && <GroupsDialog onClose={() => setOpen(null)} />}
    </>
  );
}

function Filters({ state, groups }: { state: ListState; groups: TagGroup[] }) {
  const t = useT();
  return (
    <>
      <Select<string>
        allowClear
        aria-label={t("tags.filter_group")}
        placeholder={t("tags.filter_group")}
        value={state.search.group}
        onChange={(group: string | undefined) => state.set({ group })}
        options={[
          ...groups.map(({ id, name }) => ({ value: id, label: name })),
          { value: NO_GROUP, label: t("tags.no_group") },
        ]}
        popupMatchSelectWidth={false}
        style={{ minWidth: 110 }}
      />
      <Select<string>
        allowClear
        aria-label={t("tags.filter_kind")}
        placeholder={t("tags.filter_kind")}
        value={state.search.kind}
        onChange={(kind: string | undefined) => state.set({ kind })}
        options={KINDS.map((value) => ({ value, label: t(`tag_kind.${value}`) }))}
        popupMatchSelectWidth={false}
        style={{ minWidth: 110 }}
      />
      <Checkbox
        checked={state.search.archived === "yes"}
        onChange={(event) => state.set({ archived: event.target.checked ? "yes" : undefined })}
      >
        {t("tags.show_archived")}
      </Checkbox>
    </>
  );
}

/** How many carry it; of a computed tag also how they spread over its values, and whether a rule fails. */
function People({ tag, computed }: { tag: Tag; computed: ComputedPeople | undefined }) {
  const { t, locale } = useI18n();
  const people = computed ? computed.people : tag.people;
  if (people === null) return computed ? <Mark color="blue">{t("tags.counting")}</Mark> : NOTHING;
  const values = computed?.values.filter(({ value }) => value !== "") ?? [];
  const sizes = values.map(({ label, size }) => `${label} ${formatNumber(size ?? 0, locale)}`).join(" · ");
  return (
    <Flex vertical gap={2} align="end">
      <Link to="/tags/$tagId" params={{ tagId: tag.id }} search={computed && { tab: "people" }}>
        <Num value={people} />
      </Link>
      {sizes && <span className="secondary cell-text">{sizes}</span>}
      {computed && computed.failing > 0 && (
        <Mark color="red">{t("tags.failing", { count: computed.failing })}</Mark>
      )}
    </Flex>
  );
}

function tagColumns(t: Translate, computed: ReadonlyMap<string, ComputedPeople>): Column<Tag>[] {
  return [
    {
      key: "name",
      title: t("tags.name"),
      isFixed: true,
      render: (row) => (
        <Flex vertical gap={2} align="start">
          <Flex gap={6} align="center">
            <TagChip tag={row} to={row.id} />
            {row.archived_at && <Mark>{t("tags.archived")}</Mark>}
          </Flex>
          <span className="secondary mono">{row.key}</span>
        </Flex>
      ),
    },
    { key: "group", title: t("tags.group"), render: (row) => row.group_name ?? t("tags.no_group") },
    { key: "kind", title: t("tags.kind"), render: (row) => t(`tag_kind.${row.kind}`) },
    {
      key: "people",
      title: t("tags.people"),
      align: "right",
      render: (row) => <People tag={row} computed={computed.get(row.id)} />,
    },
    {
      key: "validity",
      title: t("tags.validity"),
      render: (row) => (row.kind === "static" ? <Validity tag={row} /> : NOTHING),
    },
    {
      key: "owner",
      title: t("tags.owner"),
      render: (row) => <Actor actor={row.owner_id === null ? null : `operator:${row.owner_id}`} />,
    },
    {
      key: "description",
      title: t("tags.description"),
      render: (row) => <span className="cell-text">{row.description || NOTHING}</span>,
    },
    {
      key: "mode",
      title: t("tags.mode"),
      isOptional: true,
      render: (row) => t(`tag_mode.${row.value_mode}`),
    },
    {
      key: "created",
      title: t("customers.created_at"),
      isOptional: true,
      render: (row) => <Moment at={row.created_at} />,
    },
  ];
}
