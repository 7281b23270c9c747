import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Modal, Select } from "antd";
import { useDeferredValue, useState } from "react";
import { client, type Schemas, send } from "@/api/client";
import { ErrorNotice } from "@/components/ErrorNotice";
import { useFeedback } from "@/components/feedback";
import { useT } from "@/i18n";

type Props = { code: Schemas["UnmappedCodeOut"]; onClose: () => void };

export function MapCodeDialog({ code, onClose }: Props) {
  const t = useT();
  const feedback = useFeedback();
  const queryClient = useQueryClient();
  const [text, setText] = useState(code.name ?? "");
  const wanted = useDeferredValue(text.trim());
  const [productId, setProductId] = useState<string>();
  const products = useQuery({
    queryKey: ["products", "choice", wanted],
    queryFn: ({ signal }) =>
      send(
        client.GET("/api/v1/products", {
          params: { query: { query: wanted || undefined, state: "listed", page_size: 20 } },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });
  const map = useMutation({
    mutationFn: (product_id: string) =>
      send(
        client.POST("/api/v1/product-codes", { body: { source: code.source, code: code.code, product_id } }),
      ),
    onSuccess: () => {
      feedback.done(t("codes.mapped"));
      queryClient.invalidateQueries({ queryKey: ["unmapped-codes"] });
      queryClient.invalidateQueries({ queryKey: ["products"] });
      onClose();
    },
  });
  return (
    <Modal
      open
      title={t("codes.map_title", { code: code.name ? `${code.code} · ${code.name}` : code.code })}
      okText={t("action.save")}
      okButtonProps={{ disabled: !productId }}
      confirmLoading={map.isPending}
      onOk={() => productId && map.mutate(productId)}
      onCancel={onClose}
    >
      {(map.isError || products.isError) && (
        <ErrorNotice error={map.error ?? products.error} style={{ marginBottom: 16 }} />
      )}
      <Select
        autoFocus
        showSearch={{ filterOption: false, onSearch: setText, searchValue: text }}
        aria-label={t("codes.search")}
        placeholder={t("codes.search")}
        loading={products.isFetching}
        value={productId}
        onChange={setProductId}
        options={products.data?.items.map((product) => ({
          value: product.id,
          label: product.name ? `${product.sku} · ${product.name}` : product.sku,
        }))}
        style={{ width: "100%" }}
      />
    </Modal>
  );
}
