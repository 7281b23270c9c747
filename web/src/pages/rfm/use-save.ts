import { useMutation, useQueryClient } from "@tanstack/react-query";
import { rfmQuery, saveRfm } from "@/api/blueprints";
import { useFeedback } from "@/components/feedback";
import { useT } from "@/i18n";

/** Saves the model; what hangs on it is read anew. */
export function useSaveRfm() {
  const t = useT();
  const feedback = useFeedback();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: saveRfm,
    onSuccess: (saved) => {
      queryClient.setQueryData(rfmQuery.queryKey, saved);
      queryClient.invalidateQueries({ queryKey: ["tags"] });
      feedback.done(t("rfm.saved"));
      return queryClient.invalidateQueries({ queryKey: ["rfm"] });
    },
  });
}
