import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Button, Drawer, Flex, Input, Skeleton } from "antd";
import { useDeferredValue, useState } from "react";
import { client, send } from "@/api/client";
import type { CustomerRow } from "@/api/customers";
import { mergePreviewQuery } from "@/api/identity";
import { ErrorNotice } from "@/components/ErrorNotice";
import { useFeedback } from "@/components/feedback";
import { MergeComparison } from "@/components/identity/MergeComparison";
import { formatPhone, Moment, Money } from "@/components/values";
import { useT } from "@/i18n";

type Props = { customerId: string; onClose: () => void };

/** Find the other customer, compare, give a reason, merge. */
export function MergeDialog({ customerId, onClose }: Props) {
  const t = useT();
  const [other, setOther] = useState<CustomerRow | null>(null);
  return (
    <Drawer open onClose={onClose} size={760} title={t("merges.merge_title")}>
      {other ? (
        <Confirm customerId={customerId} other={other} onBack={() => setOther(null)} onClose={onClose} />
      ) : (
        <Choose customerId={customerId} onChoose={setOther} />
      )}
    </Drawer>
  );
}

function Choose({ customerId, onChoose }: { customerId: string; onChoose: (other: CustomerRow) => void }) {
  const t = useT();
  const [text, setText] = useState("");
  const wanted = useDeferredValue(text.trim());
  const found = useQuery({
    queryKey: ["customers", "choice", wanted],
    queryFn: ({ signal }) =>
      send(client.GET("/api/v1/customers", { params: { query: { query: wanted, page_size: 10 } }, signal })),
    enabled: wanted.length >= 2,
    placeholderData: keepPreviousData,
  });
  return (
    <Flex vertical gap={12}>
      <label htmlFor="merge-search">{t("merges.choose")}</label>
      <Input.Search
        id="merge-search"
        autoFocus
        allowClear
        placeholder={t("merges.choose_hint")}
        value={text}
        loading={found.isFetching}
        onChange={(event) => setText(event.target.value)}
      />
      {found.isError && <ErrorNotice error={found.error} onRetry={found.refetch} />}
      {wanted.length >= 2 && found.data?.items.length === 0 && (
        <span className="secondary">{t("list.nothing_found")}</span>
      )}
      {wanted.length >= 2 &&
        found.data?.items.map((row) => (
          <Button
            key={row.id}
            block
            disabled={row.id === customerId}
            style={{
              height: "auto",
              padding: "8px 12px",
              justifyContent: "space-between",
              whiteSpace: "normal",
            }}
            onClick={() => onChoose(row)}
          >
            <span style={{ textAlign: "start" }}>
              <strong>{row.name ?? row.nickname ?? t("customers.unnamed")}</strong>{" "}
              <span className="num">{row.phone && formatPhone(row.phone)}</span>{" "}
              <span className="secondary">
                {row.city} {row.id === customerId && t("merges.choose_self")}
              </span>
            </span>
            <span className="secondary">
              <Money amount={row.net_spend} currency={row.currency} /> ·{" "}
              <Moment at={row.last_ordered_at} withTime={false} />
            </span>
          </Button>
        ))}
    </Flex>
  );
}

type ConfirmProps = { customerId: string; other: CustomerRow; onBack: () => void; onClose: () => void };

function Confirm({ customerId, other, onBack, onClose }: ConfirmProps) {
  const t = useT();
  const navigate = useNavigate();
  const feedback = useFeedback();
  const queryClient = useQueryClient();
  const [reason, setReason] = useState("");
  const preview = useQuery(mergePreviewQuery(customerId, other.id));
  const merge = useMutation({
    mutationFn: () =>
      send(
        client.POST("/api/v1/customers/{customer_id}/merge", {
          params: { path: { customer_id: customerId } },
          body: { other_id: other.id, reason: reason.trim() },
        }),
      ),
    onSuccess: (merged) => {
      feedback.done(t("merges.done"));
      queryClient.invalidateQueries({ queryKey: ["customers"] });
      queryClient.invalidateQueries({ queryKey: ["customer"] });
      onClose();
      if (merged.kept_customer_id !== customerId) {
        navigate({
          to: "/customers/$customerId",
          params: { customerId: merged.kept_customer_id },
          search: { tab: "identities" },
        });
      }
    },
  });
  return (
    <Flex vertical gap={16}>
      {preview.isError && <ErrorNotice error={preview.error} onRetry={preview.refetch} />}
      {preview.isPending && <Skeleton active />}
      {preview.data && <MergeComparison preview={preview.data} />}
      <span className="secondary">{t("merges.text")}</span>
      {merge.isError && <ErrorNotice error={merge.error} />}
      <div>
        <label htmlFor="merge-reason">{t("merges.reason_label")}</label>
        <Input.TextArea
          id="merge-reason"
          rows={2}
          maxLength={500}
          placeholder={t("merges.reason_hint")}
          value={reason}
          onChange={(event) => setReason(event.target.value)}
        />
      </div>
      <Flex justify="space-between" gap={8}>
        <Button onClick={onBack}>{t("action.back")}</Button>
        <Button
          type="primary"
          loading={merge.isPending}
          disabled={!preview.data || reason.trim() === ""}
          onClick={() => merge.mutate()}
        >
          {t("merges.confirm")}
        </Button>
      </Flex>
    </Flex>
  );
}
