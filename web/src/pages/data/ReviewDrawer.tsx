import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Alert, Button, Descriptions, Drawer, Flex, Input, Skeleton } from "antd";
import { useEffect, useState } from "react";
import { client, type Schemas, send } from "@/api/client";
import { mergePreviewQuery } from "@/api/identity";
import { useMay } from "@/app/session";
import { useActorName } from "@/components/Actor";
import { ErrorNotice } from "@/components/ErrorNotice";
import { useFeedback } from "@/components/feedback";
import { evidenceText } from "@/components/identity/evidence";
import { MergeComparison } from "@/components/identity/MergeComparison";
import { Moment } from "@/components/values";
import { useT, useWord } from "@/i18n";

type Review = Schemas["MergeReviewOut"];

export function ReviewDrawer({ review, onClose }: { review: Review | null; onClose: () => void }) {
  const t = useT();
  return (
    <Drawer open={review !== null} onClose={onClose} size={760} title={t("reviews.title")} destroyOnHidden>
      {review && <ReviewCase key={review.id} review={review} onDecided={onClose} />}
    </Drawer>
  );
}

function ReviewCase({ review, onDecided }: { review: Review; onDecided: () => void }) {
  const t = useT();
  const word = useWord();
  const may = useMay();
  const nameOf = useActorName();
  const isOne = review.left_customer_id === review.right_customer_id;
  const preview = useQuery({
    ...mergePreviewQuery(review.left_customer_id, review.right_customer_id),
    enabled: !isOne && may("identity.merge"),
  });
  return (
    <Flex vertical gap={16}>
      <Descriptions
        column={{ xs: 1, sm: 2 }}
        items={[
          {
            key: "evidence",
            label: t("merges.evidence"),
            span: "filled",
            children: evidenceText(review.evidence, t),
          },
          {
            key: "shared",
            label: t("reviews.shared"),
            children: word("identifier_kind", review.shared_kind),
          },
          {
            key: "conflict",
            label: t("reviews.conflicting"),
            children: review.conflicting_kind
              ? word("identifier_kind", review.conflicting_kind)
              : t("reviews.kept_apart_before"),
          },
          { key: "source", label: t("identities.source"), children: review.source },
          { key: "opened", label: t("reviews.opened_at"), children: <Moment at={review.opened_at} /> },
        ]}
      />
      {isOne && <Alert type="info" showIcon title={t("reviews.already_one")} />}
      {preview.isError && <ErrorNotice error={preview.error} onRetry={preview.refetch} />}
      {preview.isLoading && <Skeleton active />}
      {preview.data && <MergeComparison preview={preview.data} />}
      {review.state === "open" ? (
        may("identity.merge") && <Decision review={review} onDecided={onDecided} />
      ) : (
        <Alert
          type="info"
          showIcon
          title={t("reviews.decided", { name: nameOf(review.decided_by ?? "system"), reason: review.reason })}
        />
      )}
    </Flex>
  );
}

function Decision({ review, onDecided }: { review: Review; onDecided: () => void }) {
  const t = useT();
  const feedback = useFeedback();
  const queryClient = useQueryClient();
  const [reason, setReason] = useState("");
  const [isMissing, setIsMissing] = useState(false);
  const decide = useMutation({
    mutationFn: (decision: "merged" | "kept_apart") =>
      send(
        client.POST("/api/v1/merge-reviews/{review_id}/decision", {
          params: { path: { review_id: review.id } },
          body: { decision, reason: reason.trim() },
        }),
      ),
    onSuccess: (decided) => {
      feedback.done(t(decided.state === "merged" ? "reviews.merged_now" : "reviews.kept_now"));
      queryClient.invalidateQueries({ queryKey: ["merge-reviews"] });
      queryClient.invalidateQueries({ queryKey: ["customer"] });
      queryClient.invalidateQueries({ queryKey: ["customers"] });
      onDecided();
    },
  });
  useEffect(() => {
    if (reason.trim()) setIsMissing(false);
  }, [reason]);

  function onDecide(decision: "merged" | "kept_apart") {
    if (reason.trim()) decide.mutate(decision);
    else setIsMissing(true);
  }

  return (
    <Flex vertical gap={8}>
      {decide.isError && <ErrorNotice error={decide.error} />}
      <label htmlFor="review-reason">{t("reviews.reason")}</label>
      <Input.TextArea
        id="review-reason"
        rows={2}
        maxLength={500}
        value={reason}
        status={isMissing ? "error" : undefined}
        aria-invalid={isMissing}
        aria-describedby="review-reason-hint"
        onChange={(event) => setReason(event.target.value)}
      />
      <span
        id="review-reason-hint"
        className={isMissing ? undefined : "secondary"}
        style={isMissing ? { color: "var(--removed)" } : undefined}
      >
        {t("reviews.reason_missing")}
      </span>
      <Flex gap={8} wrap style={{ marginTop: 8 }}>
        <Button type="primary" loading={decide.isPending} onClick={() => onDecide("merged")}>
          {t("reviews.merge")}
        </Button>
        <Button disabled={decide.isPending} onClick={() => onDecide("kept_apart")}>
          {t("reviews.keep_apart")}
        </Button>
      </Flex>
    </Flex>
  );
}
