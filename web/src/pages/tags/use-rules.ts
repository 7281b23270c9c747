import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { saveTagRules, type Tag, type TagRulesBody, tagRulesQuery, toRuleBody } from "@/api/tags";
import { useFeedback } from "@/components/feedback";
import { useT } from "@/i18n";

/** Changed rules keep their old sizes until they are computed, which takes a few seconds. */
const COMPUTING_MS = 15_000;
const ASK_MS = 1_500;

/** The rules of a computed tag, asked for again while they are being computed. */
export function useTagRules(tag: Tag) {
  const [savedAt, setSavedAt] = useState(0);
  const rules = useQuery({
    ...tagRulesQuery(tag.id),
    enabled: tag.kind === "computed",
    refetchInterval: ({ state }) => {
      const isWaiting = !tag.archived_at && state.data?.rules.some(({ health }) => health === "waiting");
      return isWaiting || Date.now() - savedAt < COMPUTING_MS ? ASK_MS : false;
    },
  });
  return { rules, noteSaved: () => setSavedAt(Date.now()) };
}

/** Replaces the rules. Everything about the tag may follow from them, so all of it is asked for anew. */
export function useSaveRules(tagId: string, onSaved: () => void) {
  const t = useT();
  const feedback = useFeedback();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ rules, is_exclusive }: TagRulesBody) =>
      saveTagRules(tagId, { is_exclusive, rules: rules.map(toRuleBody) }),
    onSuccess: (saved) => {
      queryClient.setQueryData(tagRulesQuery(tagId).queryKey, saved);
      queryClient.invalidateQueries({ queryKey: ["tags"] });
      queryClient.invalidateQueries({ queryKey: ["tag", tagId] });
      feedback.done(t("tags.rules_saved"));
      onSaved();
    },
  });
}
