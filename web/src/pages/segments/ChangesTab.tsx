import { SwapOutlined } from "@ant-design/icons";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Button, Flex, Tag } from "antd";
import { useState } from "react";
import { useCustomerNames } from "@/api/names";
import { changesQuery, type SegmentChange } from "@/api/segments";
import { CustomerName } from "@/components/CustomerName";
import { PersonPicker } from "@/components/conditions/PersonPicker";
import { TableSkeleton } from "@/components/DataTable";
import { EmptyState } from "@/components/EmptyState";
import { ErrorNotice } from "@/components/ErrorNotice";
import { Panel } from "@/components/Panel";
import { Moment } from "@/components/values";
import { useT } from "@/i18n";

/** Who entered and left, when, and why. */
export function ChangesTab({ segmentId }: { segmentId: string }) {
  const t = useT();
  const [person, setPerson] = useState<string>();
  const changes = useInfiniteQuery(changesQuery(segmentId, person));
  const rows = changes.data?.pages.flatMap((page) => page.items) ?? [];
  const names = useCustomerNames(rows.map((change) => change.person_id));
  return (
    <Panel>
      <div style={{ padding: "12px 16px", maxWidth: 420 }}>
        <PersonPicker value={person} onChange={setPerson} />
      </div>
      {changes.isPending && <TableSkeleton />}
      {changes.isError && <ErrorNotice error={changes.error} onRetry={changes.refetch} />}
      {changes.data && rows.length === 0 && (
        <EmptyState
          isCompact
          icon={<SwapOutlined />}
          title={t("segments.no_changes")}
          text={t("segments.no_changes_text")}
        />
      )}
      {rows.length > 0 && (
        <div style={{ padding: "0 16px" }}>
          <table className="plain-table">
            <tbody>
              {rows.map((change) => (
                <ChangeRow key={change.id} change={change} name={names.get(change.person_id)} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {changes.hasNextPage && (
        <Flex justify="center" style={{ padding: 12 }}>
          <Button loading={changes.isFetchingNextPage} onClick={() => changes.fetchNextPage()}>
            {t("action.load_more")}
          </Button>
        </Flex>
      )}
    </Panel>
  );
}

function ChangeRow({ change, name }: { change: SegmentChange; name: string | undefined }) {
  const t = useT();
  return (
    <tr>
      <td>
        <Moment at={change.changed_at} />
      </td>
      <td>
        <Tag color={change.has_entered ? "success" : "default"}>
          {t(change.has_entered ? "segments.entered" : "segments.left")}
        </Tag>
      </td>
      <td>
        <CustomerName id={change.person_id} name={name} />
      </td>
      <td>{t(`segment_cause.${change.cause}`)}</td>
    </tr>
  );
}
