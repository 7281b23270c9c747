import { ApartmentOutlined, PlusOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Button, Flex, Select } from "antd";
import { type Key, useState } from "react";
import type { Schemas } from "@/api/client";
import { type Segment, segmentsQuery } from "@/api/segments";
import { type ListState, useListState } from "@/app/list-state";
import { useMay } from "@/app/session";
import { Actor } from "@/components/Actor";
import { type Column, DataTable } from "@/components/DataTable";
import { EmptyState } from "@/components/EmptyState";
import { ColumnChoice, ListBar, SearchBox } from "@/components/ListTools";
import { NothingFound } from "@/components/NothingFound";
import { PageHead } from "@/components/PageHead";
import { Panel } from "@/components/Panel";
import { Moment, Num } from "@/components/values";
import { type Translate, useT } from "@/i18n";
import { DefinitionFiles } from "./DefinitionFiles";
import { SectionNav } from "./SectionNav";
import { SegmentStatus } from "./SegmentStatus";
import { Sparkline } from "./Sparkline";

const STATES = ["active", "paused", "archived"] as const satisfies Schemas["SegmentState"][];
const KINDS = ["dynamic", "static"] as const satisfies Schemas["SegmentKind"][];
const HEALTHS = ["waiting", "healthy", "failing", "suspended"] as const satisfies Schemas["Health"][];

export function Page() {
  const t = useT();
  const may = useMay();
  const state = useListState();
  const [chosen, setChosen] = useState<Key[]>([]);
  const { q, kind, state: wantedState, health } = state.search;
  const segments = useQuery(
    segmentsQuery({
      query: q,
      kind: KINDS.find((candidate) => candidate === kind),
      state: STATES.find((candidate) => candidate === wantedState),
      health: HEALTHS.find((candidate) => candidate === health),
      page: state.page,
      page_size: state.pageSize,
    }),
  );
  const columns = segmentColumns(t);
  const isFiltered = Boolean(q || kind || wantedState || health);
  return (
    <>
      <PageHead
        title={t("nav.segments")}
        actions={
          <>
            <DefinitionFiles chosen={chosen.map(String)} />
            {may("segments.write") && (
              <>
                <ReadyDefinitions />
                <NewSegment />
              </>
            )}
          </>
        }
      />
      <SectionNav />
      <Panel>
        <ListBar end={<ColumnChoice columns={columns} state={state} />}>
          <SearchBox state={state} placeholder={t("segments.search")} width={320} />
          <Choice state={state} name="kind" values={KINDS} words="segment_kind" />
          <Choice state={state} name="state" values={STATES} words="segment_state" />
          <Choice state={state} name="health" values={HEALTHS} words="segment_health" />
          {chosen.length > 1 && (
            <Link to="/segments/overlap" search={{ ids: chosen.join(",") }}>
              <Button icon={<ApartmentOutlined />}>{t("segments.compare", { count: chosen.length })}</Button>
            </Link>
          )}
        </ListBar>
        <DataTable
          columns={columns}
          rowKey={(row) => row.id}
          query={segments}
          state={state}
          selection={{ keys: chosen, onChange: setChosen }}
          empty={isFiltered ? <NothingFound state={state} /> : <FirstStep />}
        />
      </Panel>
    </>
  );
}

function NewSegment({ size }: { size?: "large" }) {
  const t = useT();
  return (
    <Link to="/segments/new">
      <Button type="primary" size={size} icon={<PlusOutlined />}>
        {t("segments.new")}
      </Button>
    </Link>
  );
}

function ReadyDefinitions({ size }: { size?: "large" }) {
  const t = useT();
  return (
    <Link to="/segments/templates">
      <Button size={size}>{t("blueprints.start_from")}</Button>
    </Link>
  );
}

function FirstStep() {
  const t = useT();
  const may = useMay();
  return (
    <EmptyState
      icon={<ApartmentOutlined />}
      title={t("segments.empty")}
      text={t("segments.empty_text")}
      action={
        may("segments.write") && (
          <Flex wrap justify="center" gap={8}>
            <NewSegment size="large" />
            <ReadyDefinitions size="large" />
          </Flex>
        )
      }
    />
  );
}

type Words = "segment_kind" | "segment_state" | "segment_health";
type ChoiceProps = { state: ListState; name: string; values: readonly string[]; words: Words };

function Choice({ state, name, values, words }: ChoiceProps) {
  const t = useT();
  return (
    <Select<string>
      allowClear
      aria-label={t(`segments.filter_${words}`)}
      placeholder={t(`segments.filter_${words}`)}
      value={state.search[name]}
      onChange={(value: string | undefined) => state.set({ [name]: value })}
      options={values.map((value) => ({ value, label: t(`${words}.${value}` as Parameters<Translate>[0]) }))}
      popupMatchSelectWidth={false}
      style={{ minWidth: 110 }}
    />
  );
}

function segmentColumns(t: Translate): Column<Segment>[] {
  return [
    {
      key: "name",
      title: t("segments.name"),
      isFixed: true,
      render: (row) => (
        <Flex vertical>
          <Link to="/segments/$segmentId" params={{ segmentId: row.id }}>
            {row.name}
          </Link>
          <span className="secondary mono">{row.key}</span>
        </Flex>
      ),
    },
    {
      key: "size",
      title: t("segments.size"),
      align: "right",
      render: (row) => (row.size === null ? t("segments.computing") : <Num value={row.size} />),
    },
    { key: "trend", title: t("segments.trend"), render: (row) => <Sparkline segmentId={row.id} /> },
    { key: "state", title: t("segments.state"), render: (row) => <SegmentStatus segment={row} /> },
    { key: "computed", title: t("segments.computed"), render: (row) => <Moment at={row.computed_at} /> },
    { key: "owner", title: t("segments.owner"), render: (row) => <Actor actor={row.owner} /> },
    {
      key: "kind",
      title: t("segments.kind"),
      isOptional: true,
      render: (row) => t(`segment_kind.${row.kind}`),
    },
    {
      key: "description",
      title: t("segments.description"),
      isOptional: true,
      render: (row) => row.description || "–",
    },
    {
      key: "cost",
      title: t("segments.cost"),
      align: "right",
      isOptional: true,
      render: (row) => (row.cost_ms === null ? "–" : t("segments.milliseconds", { count: row.cost_ms })),
    },
    {
      key: "updated",
      title: t("segments.updated"),
      isOptional: true,
      render: (row) => <Moment at={row.updated_at} />,
    },
  ];
}
