import { TeamOutlined } from "@ant-design/icons";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Flex } from "antd";
import { type Tag, type TagRules, tagMembersQuery } from "@/api/tags";
import { useListState } from "@/app/list-state";
import { EmptyState } from "@/components/EmptyState";
import { useT } from "@/i18n";
import { PeopleTable } from "@/pages/segments/PeopleTable";
import { TagChip } from "./TagChip";
import { ValueFilter } from "./ValueFilter";

/** Who carries a computed tag now, of all values or of one; the address keeps which. */
export function MembersTab({ tag, rules }: { tag: Tag; rules: TagRules }) {
  const t = useT();
  const { search, set } = useListState();
  const people = useInfiniteQuery(tagMembersQuery(tag.id, search.value));
  const values = new Map(people.data?.pages.flatMap((page) => Object.entries(page.values)));
  return (
    <PeopleTable
      people={people}
      bar={<ValueFilter rules={rules.rules} value={search.value} onChange={(value) => set({ value })} />}
      action={
        tag.value_mode === "flag"
          ? undefined
          : (row) => (
              <Flex gap={4} wrap>
                {values.get(row.id)?.map((label) => (
                  <TagChip key={label} tag={{ name: label, colour: tag.colour }} />
                ))}
              </Flex>
            )
      }
      empty={
        <EmptyState
          isCompact
          icon={<TeamOutlined />}
          title={t("tags.members_empty")}
          text={t(tag.archived_at ? "tags.computed_archived" : "tags.members_empty_text")}
        />
      }
    />
  );
}
