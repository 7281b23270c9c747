import { DownOutlined } from "@ant-design/icons";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button, Dropdown, Flex } from "antd";
import type { Key } from "react";
import {
  discardLetters,
  type LetterChoice,
  type LetterNarrowing,
  type ReplayResult,
  replayLetters,
} from "@/api/letters";
import { useFeedback } from "@/components/feedback";
import { type Translate, useT } from "@/i18n";

export function replayText(t: Translate, result: ReplayResult): string {
  return result.rejected
    ? t("letters.replayed_some", { count: result.replayed, rejected: result.rejected })
    : t("letters.replayed", { count: result.replayed });
}

type Props = {
  selected: Key[];
  /** What the list is filtered by: "all" means all of these. */
  narrowing: LetterNarrowing;
  total: number;
  onDone: () => void;
};

export function LetterActions({ selected, narrowing, total, onDone }: Props) {
  const t = useT();
  const feedback = useFeedback();
  const queryClient = useQueryClient();
  const settle = { onSettled: () => queryClient.invalidateQueries(), onError: feedback.failed };
  const replay = useMutation({
    mutationFn: replayLetters,
    onSuccess: (result) => {
      feedback.done(replayText(t, result));
      onDone();
    },
    ...settle,
  });
  const discard = useMutation({
    mutationFn: discardLetters,
    onSuccess: ({ discarded }) => {
      feedback.done(t("letters.discarded", { count: discarded }));
      onDone();
    },
    ...settle,
  });
  const isNarrowed = Object.values(narrowing).some(Boolean);
  const all: LetterChoice = { ids: null, all: !isNarrowed, ...narrowing };
  const some: LetterChoice = { ids: selected.map(String), all: false };

  function confirmReplay(choice: LetterChoice, count: number) {
    feedback.modal.confirm({
      title: t("letters.replay_confirm", { count }),
      content: t("letters.replay_text"),
      onOk: () => replay.mutateAsync(choice).catch(() => undefined),
    });
  }
  function confirmDiscard(choice: LetterChoice, count: number) {
    feedback.modal.confirm({
      title: t("letters.discard_confirm", { count }),
      content: t("letters.discard_text"),
      okButtonProps: { danger: true },
      onOk: () => discard.mutateAsync(choice).catch(() => undefined),
    });
  }

  if (selected.length > 0) {
    return (
      <Flex gap={8} align="center" wrap>
        <span className="secondary">{t("list.selected", { count: selected.length })}</span>
        <Button danger onClick={() => confirmDiscard(some, selected.length)}>
          {t("letters.discard_selected")}
        </Button>
        <Button
          type="primary"
          loading={replay.isPending}
          onClick={() => confirmReplay(some, selected.length)}
        >
          {t("letters.replay_selected")}
        </Button>
      </Flex>
    );
  }
  if (total === 0) return null;
  return (
    <Flex gap={8}>
      <Button loading={replay.isPending} onClick={() => confirmReplay(all, total)}>
        {t(isNarrowed ? "letters.replay_shown" : "letters.replay_all")}
      </Button>
      <Dropdown
        trigger={["click"]}
        menu={{
          items: [
            {
              key: "discard",
              danger: true,
              label: t(isNarrowed ? "letters.discard_shown" : "letters.discard_all"),
              onClick: () => confirmDiscard(all, total),
            },
          ],
        }}
      >
        <Button icon={<DownOutlined />} aria-label={t("action.more")} />
      </Dropdown>
    </Flex>
  );
}
