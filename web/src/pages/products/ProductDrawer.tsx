import { useQuery } from "@tanstack/react-query";
import { Descriptions, Drawer, Skeleton, Table, Typography } from "antd";
import { client, type Schemas, send } from "@/api/client";
import { ErrorNotice } from "@/components/ErrorNotice";
import { Moment, Money, Num } from "@/components/values";
import { useT, useWord } from "@/i18n";

type Detail = Schemas["ProductDetailOut"];

export function ProductDrawer({ productId, onClose }: { productId: string | null; onClose: () => void }) {
  const product = useQuery({
    queryKey: ["product", productId],
    queryFn: () =>
      send(
        client.GET("/api/v1/products/{product_id}", { params: { path: { product_id: productId ?? "" } } }),
      ),
    enabled: productId !== null,
  });
  return (
    <Drawer
      open={productId !== null}
      onClose={onClose}
      size={640}
      title={product.data?.name ?? product.data?.sku ?? ""}
    >
      {product.isError && <ErrorNotice error={product.error} onRetry={product.refetch} />}
      {product.isPending ? <Skeleton active /> : product.data && <ProductFacts product={product.data} />}
    </Drawer>
  );
}

function ProductFacts({ product }: { product: Detail }) {
  const t = useT();
  const word = useWord();
  return (
    <>
      <Descriptions
        column={{ xs: 1, sm: 2 }}
        items={[
          { key: "sku", label: t("products.sku"), children: product.sku },
          { key: "source", label: t("products.source"), children: product.source },
          { key: "kind", label: t("products.kind"), children: word("product_kind", product.kind) },
          { key: "state", label: t("products.state"), children: word("product_state", product.state) },
          { key: "category", label: t("products.category"), children: product.category_path ?? "–" },
          { key: "brand", label: t("products.brand"), children: product.brand ?? "–" },
          { key: "price", label: t("products.list_price"), children: <Money amount={product.list_price} /> },
          { key: "cost", label: t("products.cost"), children: <Money amount={product.cost} /> },
          { key: "launch", label: t("products.launch_on"), children: product.launch_on ?? "–" },
          { key: "updated", label: t("products.updated_at"), children: <Moment at={product.updated_at} /> },
        ]}
      />
      <Typography.Title level={2} style={{ fontSize: 16, marginTop: 16 }}>
        {t("products.codes")}
      </Typography.Title>
      <Table
        size="small"
        rowKey={(code) => `${code.source} ${code.kind} ${code.code}`}
        dataSource={product.codes}
        pagination={false}
        locale={{ emptyText: t("products.no_codes") }}
        columns={[
          { title: t("products.code"), dataIndex: "code" },
          { title: t("products.kind"), render: (_, code) => word("code_kind", code.kind) },
          { title: t("products.source"), dataIndex: "source" },
          { title: t("products.mapped_at"), render: (_, code) => <Moment at={code.mapped_at} /> },
        ]}
      />
      <Typography.Title level={2} style={{ fontSize: 16, marginTop: 24 }}>
        {t("products.stock")}
      </Typography.Title>
      <Table
        size="small"
        rowKey={(batch) => `${batch.store_code} ${batch.batch}`}
        dataSource={product.stock}
        pagination={false}
        locale={{ emptyText: t("products.no_stock") }}
        columns={[
          { title: t("products.store"), dataIndex: "store_code" },
          { title: t("products.batch"), render: (_, batch) => batch.batch || "–" },
          {
            title: t("products.quantity"),
            align: "right",
            render: (_, batch) => <Num value={batch.quantity} digits={3} />,
          },
          { title: t("products.expires_on"), render: (_, batch) => batch.expires_on ?? "–" },
          {
            title: t("products.inbound"),
            align: "right",
            render: (_, batch) => (
              <>
                <Num value={batch.inbound_quantity} digits={3} /> {batch.inbound_on}
              </>
            ),
          },
        ]}
      />
    </>
  );
}
