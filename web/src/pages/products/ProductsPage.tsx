import { ShopOutlined } from "@ant-design/icons";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Button, Select } from "antd";
import { useState } from "react";
import { client, type Schemas, send } from "@/api/client";
import { useListState } from "@/app/list-state";
import { useMay } from "@/app/session";
import { type Column, DataTable } from "@/components/DataTable";
import { EmptyState } from "@/components/EmptyState";
import { ColumnChoice, ListBar, SearchBox } from "@/components/ListTools";
import { NothingFound } from "@/components/NothingFound";
import { PageHead } from "@/components/PageHead";
import { Panel } from "@/components/Panel";
import { Moment, Money } from "@/components/values";
import { type Translate, useT, useWord } from "@/i18n";
import { ProductDrawer } from "./ProductDrawer";

type Product = Schemas["ProductOut"];
const KINDS: Schemas["ProductKind"][] = ["product", "service", "fee", "adjustment", "test"];
const STATES: Schemas["ProductState"][] = ["listed", "seen"];

function columnsOf(
  t: Translate,
  word: (group: string, code: string) => string,
  open: (id: string) => void,
): Column<Product>[] {
  return [
    {
      key: "sku",
      title: t("products.sku"),
      isFixed: true,
      sort: { asc: "sku", desc: "-sku" },
      render: (product) => (
        <Button type="link" size="small" style={{ padding: 0 }} onClick={() => open(product.id)}>
          {product.sku}
        </Button>
      ),
    },
    {
      key: "name",
      title: t("products.name"),
      sort: { asc: "name", desc: "-name" },
      render: (product) => product.name ?? "–",
    },
    { key: "category", title: t("products.category"), render: (product) => product.category_path ?? "–" },
    { key: "brand", title: t("products.brand"), isOptional: true, render: (product) => product.brand ?? "–" },
    { key: "kind", title: t("products.kind"), render: (product) => word("product_kind", product.kind) },
    {
      key: "list_price",
      title: t("products.list_price"),
      align: "right",
      sort: { asc: "list_price", desc: "-list_price" },
      render: (product) => <Money amount={product.list_price} />,
    },
    {
      key: "cost",
      title: t("products.cost"),
      align: "right",
      isOptional: true,
      render: (product) => <Money amount={product.cost} />,
    },
    { key: "style", title: t("products.style"), isOptional: true, render: (product) => product.style ?? "–" },
    {
      key: "life_stage",
      title: t("products.life_stage"),
      isOptional: true,
      render: (product) => product.life_stage ?? "–",
    },
    {
      key: "launch_on",
      title: t("products.launch_on"),
      isOptional: true,
      render: (product) => product.launch_on ?? "–",
    },
    { key: "state", title: t("products.state"), render: (product) => word("product_state", product.state) },
    { key: "source", title: t("products.source"), render: (product) => product.source },
    {
      key: "updated_at",
      title: t("products.updated_at"),
      sort: { asc: "updated_at", desc: "-updated_at" },
      render: (product) => <Moment at={product.updated_at} />,
    },
  ];
}

export function Page() {
  const t = useT();
  const word = useWord();
  const may = useMay();
  const state = useListState();
  const [opened, setOpened] = useState<string | null>(null);
  const { q, kind, state: known } = state.search;
  const query = {
    query: q,
    kind: KINDS.find((candidate) => candidate === kind),
    state: STATES.find((candidate) => candidate === known),
    sort: state.sort as Schemas["ProductSort"] | undefined,
    page: state.page,
    page_size: state.pageSize,
  };
  const products = useQuery({
    queryKey: ["products", query],
    queryFn: ({ signal }) => send(client.GET("/api/v1/products", { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
  const columns = columnsOf(t, word, setOpened);
  const isFiltered = Boolean(q || kind || known);
  return (
    <>
      <PageHead title={t("nav.products")} text={t("products.text")} />
      <Panel>
        <ListBar end={<ColumnChoice columns={columns} state={state} />}>
          <SearchBox state={state} placeholder={t("products.search")} />
          <Select
            allowClear
            aria-label={t("products.kind")}
            placeholder={t("products.kind")}
            value={query.kind}
            onChange={(value) => state.set({ kind: value })}
            options={KINDS.map((value) => ({ value, label: word("product_kind", value) }))}
            style={{ minWidth: 120 }}
          />
          <Select
            allowClear
            aria-label={t("products.state")}
            placeholder={t("products.state")}
            value={query.state}
            onChange={(value) => state.set({ state: value })}
            options={STATES.map((value) => ({ value, label: word("product_state", value) }))}
            style={{ minWidth: 140 }}
          />
        </ListBar>
        <DataTable
          columns={columns}
          rowKey={(product) => product.id}
          query={products}
          state={state}
          empty={
            isFiltered ? (
              <NothingFound state={state} />
            ) : (
              <EmptyState
                icon={<ShopOutlined />}
                title={t("products.empty")}
                text={t("products.empty_text")}
                action={
                  may("imports.write") && (
                    <Link to="/data/imports/new" search={{ kind: "products" }}>
                      <Button type="primary">{t("products.import")}</Button>
                    </Link>
                  )
                }
              />
            )
          }
        />
      </Panel>
      <ProductDrawer productId={opened} onClose={() => setOpened(null)} />
    </>
  );
}
