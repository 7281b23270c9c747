import { ForkOutlined, IdcardOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Alert, Button, Card, Flex, Skeleton, Table, Tag } from "antd";
import { useState } from "react";
import type { Schemas } from "@/api/client";
import { identifiersQuery, mergesQuery } from "@/api/identity";
import { useMay } from "@/app/session";
import { useActorName } from "@/components/Actor";
import { EmptyState } from "@/components/EmptyState";
import { ErrorNotice } from "@/components/ErrorNotice";
import { evidenceText } from "@/components/identity/evidence";
import { Panel } from "@/components/Panel";
import { Moment } from "@/components/values";
import { type MessageKey, useT, useWord } from "@/i18n";
import { MergeDialog } from "./MergeDialog";
import { SplitDialog } from "./SplitDialog";

type Merge = Schemas["MergeOut"];
type Identifier = Schemas["IdentifierOut"];

export function IdentitiesTab({ customerId }: { customerId: string }) {
  return (
    <Flex vertical gap={16}>
      <Identifiers customerId={customerId} />
      <Merges customerId={customerId} />
    </Flex>
  );
}

function Identifiers({ customerId }: { customerId: string }) {
  const t = useT();
  const word = useWord();
  const identifiers = useQuery(identifiersQuery(customerId));
  if (identifiers.isPending) return <Skeleton active />;
  if (identifiers.isError) return <ErrorNotice error={identifiers.error} onRetry={identifiers.refetch} />;
  const { items, is_masked } = identifiers.data;
  return (
    <Panel title={t("identities.title")}>
      {is_masked && items.length > 0 && <Alert type="info" showIcon banner title={t("identities.masked")} />}
      {items.length === 0 ? (
        <EmptyState
          isCompact
          icon={<IdcardOutlined />}
          title={t("identities.none")}
          text={t("identities.none_text")}
        />
      ) : (
        <Table<Identifier>
          size="middle"
          rowKey={(identifier) =>
            `${identifier.kind} ${identifier.scope} ${identifier.value} ${identifier.record_id}`
          }
          dataSource={items}
          pagination={false}
          scroll={{ x: "max-content" }}
          footer={() => <span className="secondary">{t("identities.text")}</span>}
          columns={[
            { title: t("identities.kind"), render: (_, item) => word("identifier_kind", item.kind) },
            {
              title: t("identities.value"),
              render: (_, item) => (
                <div>
                  <span className="mono">{item.value}</span>
                  {item.scope && <div className="secondary">{item.scope}</div>}
                </div>
              ),
            },
            { title: t("identities.state"), render: (_, item) => <Use identifier={item} /> },
            { title: t("identities.source"), render: (_, item) => item.source },
            {
              title: t("identities.record"),
              render: (_, item) => <span className="mono">{item.record_id}</span>,
            },
            {
              title: t("identities.first_seen"),
              render: (_, item) => <Moment at={item.first_seen_at} withTime={false} />,
            },
            {
              title: t("identities.last_seen"),
              render: (_, item) => <Moment at={item.last_seen_at} withTime={false} />,
            },
          ]}
        />
      )}
    </Panel>
  );
}

function Use({ identifier }: { identifier: Identifier }) {
  const t = useT();
  if (identifier.is_linking) return <Tag color="success">{t("identities.linking")}</Tag>;
  return <Tag>{t(identifier.is_verified ? "identities.not_linking" : "identities.unverified")}</Tag>;
}

function Merges({ customerId }: { customerId: string }) {
  const t = useT();
  const may = useMay();
  const merges = useQuery(mergesQuery(customerId));
  const [isMerging, setIsMerging] = useState(false);
  const [split, setSplit] = useState<Merge | null>(null);
  if (merges.isPending) return <Skeleton active />;
  if (merges.isError) return <ErrorNotice error={merges.error} onRetry={merges.refetch} />;
  const { items, record_ids } = merges.data;
  return (
    <Card
      title={t("merges.title")}
      extra={
        may("identity.merge") && (
          <Button icon={<ForkOutlined />} onClick={() => setIsMerging(true)}>
            {t("merges.merge")}
          </Button>
        )
      }
    >
      {items.length === 0 ? (
        <EmptyState isCompact icon={<ForkOutlined />} title={t("merges.none")} text={t("merges.none_text")} />
      ) : (
        <Flex vertical gap={12}>
          <span className="secondary">
            {t("merges.records", { count: record_ids.length })}。{t("merges.text")}
          </span>
          {items.map((merge) => (
            <MergeCard
              key={merge.id}
              merge={merge}
              onSplit={may("identity.merge") ? () => setSplit(merge) : undefined}
            />
          ))}
        </Flex>
      )}
      {isMerging && <MergeDialog customerId={customerId} onClose={() => setIsMerging(false)} />}
      {split && <SplitDialog merge={split} customerId={customerId} onClose={() => setSplit(null)} />}
    </Card>
  );
}

const CAUSES: Record<string, MessageKey> = {
  identifier: "merges.cause_identifier",
  review: "merges.cause_review",
  manual: "merges.cause_manual",
};

function MergeCard({ merge, onSplit }: { merge: Merge; onSplit: (() => void) | undefined }) {
  const t = useT();
  const nameOf = useActorName();
  const cause = CAUSES[merge.cause];
  const isSplit = merge.split_at !== null;
  return (
    <Card size="small" style={{ opacity: isSplit ? 0.75 : 1 }}>
      <Flex justify="space-between" gap={12} wrap>
        <Flex vertical gap={4} style={{ flex: "1 1 260px" }}>
          <Flex gap={8} align="center" wrap>
            <strong>{cause ? t(cause) : merge.cause}</strong>
            {isSplit && <Tag>{t("merges.split_done")}</Tag>}
          </Flex>
          {merge.evidence && (
            <span className="wrap-anywhere">
              {t("merges.evidence")}: {evidenceText(merge.evidence, t)}
            </span>
          )}
          {merge.reason && (
            <span className="wrap-anywhere">
              {t("merges.reason")}: {merge.reason}
            </span>
          )}
          <span className="secondary">
            <span className="mono">{merge.left_record_id}</span> +{" "}
            <span className="mono">{merge.right_record_id}</span> · {nameOf(merge.merged_by)} ·{" "}
            <Moment at={merge.merged_at} />
          </span>
          {isSplit && (
            <span className="secondary">
              {t("merges.split_done")}: {merge.split_by && nameOf(merge.split_by)} ·{" "}
              <Moment at={merge.split_at} />
              {merge.split_reason && ` · ${merge.split_reason}`}
            </span>
          )}
        </Flex>
        {!isSplit && onSplit && <Button onClick={onSplit}>{t("merges.split")}</Button>}
      </Flex>
    </Card>
  );
}
