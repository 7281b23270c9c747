import { TeamOutlined } from "@ant-design/icons";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Button, Tag } from "antd";
import { client, send } from "@/api/client";
import { fieldsQuery } from "@/api/customers";
import { useListState } from "@/app/list-state";
import { useMay } from "@/app/session";
import { DataTable, shownColumns } from "@/components/DataTable";
import { EmptyState } from "@/components/EmptyState";
import { ColumnChoice, ListBar, SearchBox } from "@/components/ListTools";
import { NothingFound } from "@/components/NothingFound";
import { PageHead } from "@/components/PageHead";
import { Panel } from "@/components/Panel";
import { useI18n, useWord } from "@/i18n";
import { customerColumns } from "./columns";
import { ExportButton } from "./ExportButton";
import { FilterPanel } from "./FilterPanel";
import { countFilters, toQuery } from "./filters";
import { NewCustomer } from "./NewCustomer";

export function Page() {
  const i18n = useI18n();
  const { t } = i18n;
  const word = useWord();
  const may = useMay();
  const state = useListState();
  const fields = useQuery(fieldsQuery);
  const columns = customerColumns(i18n, word, fields.data?.items ?? []);
  const filter = toQuery(state.search);
  const query = {
    ...filter,
    page: state.page,
    page_size: state.pageSize,
    with_phones: shownColumns(columns, state.search.columns).some((column) => column.key === "phone"),
  };
  const customers = useQuery({
    queryKey: ["customers", query],
    queryFn: ({ signal }) => send(client.GET("/api/v1/customers", { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
  const isFiltered = Boolean(state.search.q) || countFilters(state) > 0;
  return (
    <>
      <PageHead
        title={t("nav.customers")}
        actions={
          <>
            {may("customers.write") && <NewCustomer />}
            {may("customers.export") && <ExportButton filter={filter} />}
          </>
        }
      />
      <Panel>
        <ListBar end={<ColumnChoice columns={columns} state={state} />}>
          <SearchBox state={state} placeholder={t("customers.search")} width={460} />
          <FilterPanel state={state} />
          {customers.data?.is_masked && <Tag>{t("customers.masked")}</Tag>}
          {customers.data?.is_total_capped && (
            <span className="secondary">{t("customers.total_capped", { count: customers.data.total })}</span>
          )}
        </ListBar>
        <DataTable
          columns={columns}
          rowKey={(row) => row.id}
          query={customers}
          state={state}
          empty={
            isFiltered ? (
              <NothingFound state={state} />
            ) : (
              <EmptyState
                icon={<TeamOutlined />}
                title={t("customers.empty")}
                text={t("customers.empty_text")}
                action={
                  may("imports.write") && (
                    <Link to="/data/imports/new" search={{ kind: "orders" }}>
                      <Button type="primary" size="large">
                        {t("customers.import")}
                      </Button>
                    </Link>
                  )
                }
              />
            )
          }
        />
      </Panel>
    </>
  );
}
