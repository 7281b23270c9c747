import { FunctionOutlined, TagsOutlined } from "@ant-design/icons";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Drawer, Flex, Input, Select, Skeleton, Table } from "antd";
import { useState } from "react";
import { client, send } from "@/api/client";
import type { Customer } from "@/api/customers";
import {
  type CarriedTag,
  type ComputedTag,
  customerComputedTagsQuery,
  customerTagHistoryQuery,
  customerTagsQuery,
  tagsQuery,
} from "@/api/tags";
import { useMay } from "@/app/session";
import { Actor } from "@/components/Actor";
import { EmptyState } from "@/components/EmptyState";
import { ErrorNotice } from "@/components/ErrorNotice";
import { useFeedback } from "@/components/feedback";
import { Panel } from "@/components/Panel";
import { Moment, NOTHING } from "@/components/values";
import { useT } from "@/i18n";
import { TagChip } from "@/pages/tags/TagChip";
import { TagHistory } from "@/pages/tags/TagHistory";
import { tagChoices } from "@/pages/tags/tags";
import { ValueInput } from "@/pages/tags/ValueInput";
import { Why } from "@/pages/tags/WhyTab";

/** What a customer carries and why, and everything that ever changed about it. */
export function TagsTab({ customer }: { customer: Customer }) {
  const may = useMay();
  return (
    <Flex vertical gap={16}>
      {may("tags.write") && !customer.is_erased && <GiveTag customerId={customer.id} />}
      <CarriedTags customer={customer} />
      {!customer.is_erased && <ComputedTags customerId={customer.id} />}
      <TagHistory query={customerTagHistoryQuery(customer.id)} shows="tags" />
    </Flex>
  );
}

function CarriedTags({ customer }: { customer: Customer }) {
  const t = useT();
  const may = useMay();
  const carried = useQuery(customerTagsQuery(customer.id));
  if (carried.isPending) return <Skeleton active />;
  if (!carried.data) return <ErrorNotice error={carried.error} onRetry={carried.refetch} />;
  const canWrite = may("tags.write") && !customer.is_erased;
  return (
    <Panel title={t("tags.customer_static")}>
      {carried.data.items.length === 0 ? (
        <EmptyState
          isCompact
          icon={<TagsOutlined />}
          title={t("tags.customer_none")}
          text={canWrite && t("tags.customer_none_text")}
        />
      ) : (
        <Table<CarriedTag>
          size="middle"
          rowKey={(row) => `${row.tag.id} ${row.value}`}
          dataSource={carried.data.items}
          pagination={false}
          scroll={{ x: "max-content" }}
          columns={[
            {
              title: t("tags.tags"),
              render: (_, row) => <TagChip tag={row.tag} value={row.value_label} to={row.tag.id} />,
            },
            {
              title: t("tags.given_by"),
              render: (_, row) => (
                <>
                  <Actor actor={row.actor} />{" "}
                  <span className="secondary">{t(`tag_source.${row.source}`)}</span>
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
            ...(canWrite
              ? [
                  {
                    key: "remove",
                    align: "right" as const,
                    render: (_: unknown, row: CarriedTag) => (
                      <RemoveButton customerId={customer.id} carried={row} />
                    ),
                  },
                ]
              : []),
          ]}
        />
      )}
    </Panel>
  );
}

function ComputedTags({ customerId }: { customerId: string }) {
  const t = useT();
  const may = useMay();
  const carried = useQuery(customerComputedTagsQuery(customerId));
  const [asked, setAsked] = useState<ComputedTag | null>(null);
  if (carried.isPending) return <Skeleton active />;
  if (!carried.data) return <ErrorNotice error={carried.error} onRetry={carried.refetch} />;
  return (
    <Panel title={t("tags.customer_computed")}>
      {carried.data.items.length === 0 ? (
        <EmptyState isCompact icon={<FunctionOutlined />} title={t("tags.customer_computed_none")} />
      ) : (
        <Table<ComputedTag>
          size="middle"
          rowKey={(row) => `${row.tag.id} ${row.value}`}
          dataSource={carried.data.items}
          pagination={false}
          scroll={{ x: "max-content" }}
          columns={[
            {
              title: t("tags.tags"),
              render: (_, row) => <TagChip tag={row.tag} value={row.value_label} to={row.tag.id} />,
            },
            {
              title: t("tags.since"),
              render: (_, row) =>
                row.since ? (
                  <Moment at={row.since} />
                ) : (
                  <span className="secondary">{t("tags.from_the_start")}</span>
                ),
            },
            {
              key: "why",
              align: "right",
              render: (_, row) =>
                may("segments.read") && (
                  <Button
                    type="text"
                    size="small"
                    aria-label={`${t("tags.why")} ${row.tag.name} ${row.value_label}`.trim()}
                    onClick={() => setAsked(row)}
                  >
                    {t("tags.why")}
                  </Button>
                ),
            },
          ]}
        />
      )}
      <Drawer
        open={asked !== null}
        onClose={() => setAsked(null)}
        size={640}
        title={asked && <TagChip tag={asked.tag} value={asked.value_label} />}
      >
        {asked && <Why tagId={asked.tag.id} value={asked.value} personId={customerId} />}
      </Drawer>
    </Panel>
  );
}

function useRefresh(customerId: string) {
  const queryClient = useQueryClient();
  return () => {
    queryClient.invalidateQueries({ queryKey: ["customer", customerId] });
    queryClient.invalidateQueries({ queryKey: ["tags"] });
    queryClient.invalidateQueries({ queryKey: ["tag"] });
  };
}

function RemoveButton({ customerId, carried }: { customerId: string; carried: CarriedTag }) {
  const t = useT();
  const feedback = useFeedback();
  const refresh = useRefresh(customerId);
  const remove = useMutation({
    mutationFn: () =>
      send(
        client.DELETE("/api/v1/customers/{customer_id}/tags/{tag_id}", {
          params: {
            path: { customer_id: customerId, tag_id: carried.tag.id },
            query: carried.value ? { value: carried.value } : {},
          },
        }),
      ),
    onSuccess: () => {
      feedback.done(t("tags.customer_removed", { name: carried.tag.name }));
      refresh();
    },
    onError: feedback.failed,
  });
  const ask = () =>
    feedback.modal.confirm({
      title: t("tags.customer_remove_confirm", { name: carried.tag.name }),
      okText: t("tags.customer_remove"),
      onOk: () => remove.mutateAsync().catch(() => undefined),
    });
  return (
    <Button
      type="text"
      size="small"
      aria-label={`${t("tags.customer_remove")} ${carried.tag.name} ${carried.value_label}`.trim()}
      onClick={ask}
    >
      {t("tags.customer_remove")}
    </Button>
  );
}

function GiveTag({ customerId }: { customerId: string }) {
  const t = useT();
  const feedback = useFeedback();
  const refresh = useRefresh(customerId);
  const dictionary = useQuery(tagsQuery(false));
  const carried = useQuery(customerTagsQuery(customerId));
  const [tagId, setTagId] = useState<string>();
  const [value, setValue] = useState<string>();
  const [reason, setReason] = useState("");
  const choices = (dictionary.data?.items ?? []).filter(({ kind }) => kind === "static");
  const tag = choices.find(({ id }) => id === tagId);
  const give = useMutation({
    mutationFn: (id: string) =>
      send(
        client.POST("/api/v1/customers/{customer_id}/tags", {
          params: { path: { customer_id: customerId } },
          body: { tag_id: id, value: value ?? "", reason, renews: false },
        }),
      ),
    onSuccess: (after) => {
      const had = JSON.stringify(carried.data?.items) === JSON.stringify(after.items);
      feedback.done(t(had ? "tags.customer_same" : "tags.customer_given", { name: tag?.name ?? "" }));
      setTagId(undefined);
      setValue(undefined);
      setReason("");
      refresh();
    },
    onError: feedback.failed,
  });
  const isReady = tag && (tag.value_mode === "flag" || value);
  return (
    <Flex wrap gap={8} align="center">
      <Select<string>
        aria-label={t("tags.customer_choose")}
        placeholder={t("tags.customer_choose")}
        value={tagId}
        onChange={(id) => {
          setTagId(id);
          setValue(undefined);
        }}
        loading={dictionary.isFetching}
        showSearch={{ optionFilterProp: "label" }}
        options={tagChoices(choices, t("tags.no_group"))}
        style={{ flex: "0 1 240px", minWidth: 160 }}
      />
      {tag && tag.value_mode !== "flag" && (
        <div style={{ flex: "0 1 180px" }}>
          <ValueInput tag={tag} {...(value !== undefined && { value })} onChange={setValue} />
        </div>
      )}
      <Input
        aria-label={t("tags.reason")}
        placeholder={t("tags.reason")}
        maxLength={500}
        value={reason}
        onChange={(event) => setReason(event.target.value)}
        style={{ flex: "1 1 180px", maxWidth: 320 }}
      />
      <Button
        type="primary"
        disabled={!isReady}
        loading={give.isPending}
        onClick={() => tag && give.mutate(tag.id)}
      >
        {t("tags.customer_add")}
      </Button>
    </Flex>
  );
}
