import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Input, Modal } from "antd";
import dayjs from "dayjs";
import { useId, useState } from "react";
import { client, send } from "@/api/client";
import type { SegmentDetail } from "@/api/segments";
import { ErrorNotice } from "@/components/ErrorNotice";
import { useFeedback } from "@/components/feedback";
import { useT } from "@/i18n";

const NAME_MAX = 200;

/** Keeps who is in the segment now, whatever happens to it later. */
export function FreezeDialog({ segment, onClose }: { segment: SegmentDetail; onClose: () => void }) {
  const t = useT();
  const id = useId();
  const feedback = useFeedback();
  const queryClient = useQueryClient();
  const [name, setName] = useState(`${segment.name} ${dayjs().format("YYYY-MM-DD HH:mm")}`);
  const freeze = useMutation({
    mutationFn: () =>
      send(
        client.POST("/api/v1/segments/{segment_id}/audiences", {
          params: { path: { segment_id: segment.id } },
          body: { name: name.trim() },
        }),
      ),
    onSuccess: (audience) => {
      queryClient.invalidateQueries({ queryKey: ["audiences"] });
      feedback.done(t("segments.frozen", { count: audience.count }));
      onClose();
    },
  });
  return (
    <Modal
      open
      title={t("segments.freeze")}
      okText={t("segments.freeze")}
      okButtonProps={{ disabled: name.trim() === "", loading: freeze.isPending }}
      onOk={() => freeze.mutate()}
      onCancel={onClose}
    >
      {freeze.isError && <ErrorNotice error={freeze.error} style={{ marginBottom: 12 }} />}
      <p>{t("segments.freeze_text")}</p>
      <label htmlFor={id}>{t("segments.audience_name")}</label>
      <Input id={id} maxLength={NAME_MAX} value={name} onChange={(event) => setName(event.target.value)} />
    </Modal>
  );
}
