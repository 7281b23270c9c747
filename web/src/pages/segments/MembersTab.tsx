import { DeleteOutlined, TeamOutlined } from "@ant-design/icons";
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { Button } from "antd";
import { client, send } from "@/api/client";
import { membersQuery, type SegmentDetail } from "@/api/segments";
import { PersonPicker } from "@/components/conditions/PersonPicker";
import { EmptyState } from "@/components/EmptyState";
import { useFeedback } from "@/components/feedback";
import { useT } from "@/i18n";
import { PeopleTable } from "./PeopleTable";

type Props = { segment: SegmentDetail; mayChange: boolean };

/** Who is in it; of a list by hand, also who is put in and taken out. */
export function MembersTab({ segment, mayChange }: Props) {
  const t = useT();
  const feedback = useFeedback();
  const queryClient = useQueryClient();
  const members = useInfiniteQuery(membersQuery(segment.id));
  const change = useMutation({
    mutationFn: (body: { add: string[]; remove: string[] }) =>
      send(
        client.POST("/api/v1/segments/{segment_id}/members", {
          params: { path: { segment_id: segment.id } },
          body,
        }),
      ),
    onSuccess: ({ added, removed }) => {
      queryClient.invalidateQueries({ queryKey: ["segment", segment.id] });
      feedback.done(t("segments.members_changed", { added, removed }));
    },
    onError: feedback.failed,
  });
  const isByHand = segment.kind === "static" && mayChange;
  return (
    <PeopleTable
      people={members}
      bar={
        isByHand && (
          <div style={{ flex: "1 1 260px", maxWidth: 420 }}>
            <PersonPicker
              value={undefined}
              onChange={(id) => id && change.mutate({ add: [id], remove: [] })}
            />
          </div>
        )
      }
      action={
        isByHand
          ? (row) => (
              <Button
                type="text"
                size="small"
                icon={<DeleteOutlined />}
                aria-label={t("segments.take_out", { name: row.name ?? row.id })}
                onClick={() => change.mutate({ add: [], remove: [row.id] })}
              />
            )
          : undefined
      }
      empty={
        <EmptyState
          isCompact
          icon={<TeamOutlined />}
          title={t("segments.no_members")}
          text={t(segment.size === null ? "segments.computing_text" : "segments.no_members_text")}
        />
      }
    />
  );
}
