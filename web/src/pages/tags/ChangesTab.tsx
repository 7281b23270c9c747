import { SwapOutlined } from "@ant-design/icons";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Button, Flex, Tag as Mark } from "antd";
import { useState } from "react";
import { useCustomerNames } from "@/api/names";
import { type TagRules, type TagValueChange, tagChangesQuery } from "@/api/tags";
import { CustomerName } from "@/components/CustomerName";
import { PersonPicker } from "@/components/conditions/PersonPicker";
import { TableSkeleton } from "@/components/DataTable";
import { EmptyState } from "@/components/EmptyState";
import { ErrorNotice } from "@/components/ErrorNotice";
import { Panel } from "@/components/Panel";
import { Moment } from "@/components/values";
import { useT } from "@/i18n";
import { ValueFilter } from "./ValueFilter";

/** Who came to carry a computed tag and who lost it, when, and what was the cause. */
export function ChangesTab({ tagId, rules }: { tagId: string; rules: TagRules }) {
  const t = useT();
  const [value, setValue] = useState<string>();
  const [person, setPerson] = useState<string>();
  const changes = useInfiniteQuery(tagChangesQuery(tagId, value, person));
  const rows = changes.data?.pages.flatMap((page) => page.items) ?? [];
  const names = useCustomerNames(rows.map((change) => change.person_id));
  return (
    <Panel>
      <Flex gap={8} wrap style={{ padding: "12px 16px" }}>
        <ValueFilter rules={rules.rules} value={value} onChange={setValue} />
        <div style={{ flex: "1 1 220px", maxWidth: 420 }}>
          <PersonPicker value={person} onChange={setPerson} />
        </div>
      </Flex>
      {changes.isPending && <TableSkeleton />}
      {changes.isError && <ErrorNotice error={changes.error} onRetry={changes.refetch} />}
      {changes.data && rows.length === 0 && (
        <EmptyState
          isCompact
          icon={<SwapOutlined />}
          title={t("tags.changes_empty")}
          text={t("tags.changes_empty_text")}
        />
      )}
      {rows.length > 0 && (
        <div style={{ padding: "0 16px", overflowX: "auto" }}>
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

function ChangeRow({ change, name }: { change: TagValueChange; name: string | undefined }) {
  const t = useT();
  return (
    <tr>
      <td>
        <Moment at={change.changed_at} />
      </td>
      <td>
        <Mark color={change.has_entered ? "green" : "default"}>
          {t(change.has_entered ? "tags.got" : "tags.lost")}
          {change.value_label && `：${change.value_label}`}
        </Mark>
      </td>
      <td>
        <CustomerName id={change.person_id} name={name} />
      </td>
      <td>{t(`segment_cause.${change.cause}`)}</td>
    </tr>
  );
}
