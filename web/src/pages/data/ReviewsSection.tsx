import { BranchesOutlined } from "@ant-design/icons";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Button, Flex, Segmented, Tag } from "antd";
import { client, type Schemas, send } from "@/api/client";
import { useCustomerNames } from "@/api/names";
import { useListState } from "@/app/list-state";
import { useMay } from "@/app/session";
import { CustomerName } from "@/components/CustomerName";
import { type Column, DataTable } from "@/components/DataTable";
import { EmptyState } from "@/components/EmptyState";
import { evidenceText } from "@/components/identity/evidence";
import { ListBar } from "@/components/ListTools";
import { Panel } from "@/components/Panel";
import { Moment } from "@/components/values";
import { useT, useWord } from "@/i18n";
import { ReviewDrawer } from "./ReviewDrawer";

type Review = Schemas["MergeReviewOut"];
const STATES: Schemas["ReviewState"][] = ["open", "merged", "kept_apart"];
const COLORS = { open: "processing", merged: "success", kept_apart: "default" } as const;

export function ReviewsSection() {
  const t = useT();
  const word = useWord();
  const may = useMay();
  const state = useListState();
  const shown = STATES.find((candidate) => candidate === state.search.state) ?? "open";
  const query = { state: shown, page: state.page, page_size: state.pageSize };
  const reviews = useQuery({
    queryKey: ["merge-reviews", query],
    queryFn: ({ signal }) => send(client.GET("/api/v1/merge-reviews", { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
  const opened = reviews.data?.items.find((review) => review.id === state.search.review) ?? null;
  const open = (review: Review | null) => state.set({ review: review?.id, page: state.search.page });

  const names = useCustomerNames(
    reviews.data?.items.flatMap((review) => [review.left_customer_id, review.right_customer_id]) ?? [],
  );

  const columns: Column<Review>[] = [
    {
      key: "customers",
      title: t("reviews.customers"),
      isFixed: true,
      render: (review) => (
        <Flex vertical>
          {[...new Set([review.left_customer_id, review.right_customer_id])].map((id) => (
            <CustomerName key={id} id={id} name={names.get(id)} />
          ))}
        </Flex>
      ),
    },
    {
      key: "evidence",
      title: t("merges.evidence"),
      render: (review) => evidenceText(review.evidence, t),
    },
    {
      key: "shared",
      title: t("reviews.shared"),
      render: (review) => <Tag color="success">{word("identifier_kind", review.shared_kind)}</Tag>,
    },
    {
      key: "conflicting",
      title: t("reviews.conflicting"),
      render: (review) => (
        <Tag color="warning">
          {review.conflicting_kind
            ? word("identifier_kind", review.conflicting_kind)
            : t("reviews.kept_apart_before")}
        </Tag>
      ),
    },
    { key: "source", title: t("identities.source"), render: (review) => review.source },
    { key: "opened_at", title: t("reviews.opened_at"), render: (review) => <Moment at={review.opened_at} /> },
    {
      key: "state",
      title: t("reviews.state"),
      render: (review) => <Tag color={COLORS[review.state]}>{word("review_state", review.state)}</Tag>,
    },
    {
      key: "actions",
      title: "",
      align: "right",
      render: (review) => (
        <Button
          size="small"
          type={review.state === "open" ? "primary" : "default"}
          onClick={() => open(review)}
        >
          {t(review.state === "open" && may("identity.merge") ? "reviews.decide" : "reviews.view")}
        </Button>
      ),
    },
  ];
  return (
    <Panel>
      <ListBar>
        <Segmented
          value={shown}
          onChange={(value) => state.set({ state: value })}
          options={STATES.map((value) => ({ value, label: word("review_state", value) }))}
        />
        <span className="secondary" style={{ alignSelf: "center" }}>
          {t("reviews.text")}
        </span>
      </ListBar>
      <DataTable
        columns={columns}
        rowKey={(review) => review.id}
        query={reviews}
        state={state}
        empty={
          <EmptyState icon={<BranchesOutlined />} title={t("reviews.empty")} text={t("reviews.empty_text")} />
        }
      />
      <ReviewDrawer review={opened} onClose={() => open(null)} />
    </Panel>
  );
}
