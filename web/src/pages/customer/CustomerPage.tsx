import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { Alert, Button, Result, Skeleton } from "antd";
import { customerQuery } from "@/api/customers";
import { ProblemError } from "@/api/problem";
import { useListState } from "@/app/list-state";
import { useMay } from "@/app/session";
import { ErrorNotice } from "@/components/ErrorNotice";
import { LinkTabs } from "@/components/LinkTabs";
import { type MessageKey, useT } from "@/i18n";
import { CustomerHead } from "./CustomerHead";
import { FieldsTab } from "./FieldsTab";
import { IdentitiesTab } from "./IdentitiesTab";
import { OrdersTab } from "./OrdersTab";
import { TagsTab } from "./TagsTab";
import { TimelineTab } from "./TimelineTab";

const TABS = ["timeline", "orders", "tags", "identities", "fields"] as const;
type Tab = (typeof TABS)[number];

export function Page() {
  const t = useT();
  const may = useMay();
  const navigate = useNavigate();
  const { customerId = "" }: { customerId?: string } = useParams({ strict: false });
  const { search } = useListState();
  const customer = useQuery(customerQuery(customerId));
  const tabs = TABS.filter((tab) => tab !== "orders" || may("orders.read"));
  const tab = tabs.find((candidate) => candidate === search.tab) ?? "timeline";

  if (customer.isPending) return <Skeleton active avatar paragraph={{ rows: 10 }} />;
  if (!customer.data) {
    if (customer.error instanceof ProblemError && customer.error.status === 404) {
      return (
        <Result
          status="404"
          title={customer.error.message}
          extra={<Button onClick={() => navigate({ to: "/customers" })}>{t("nav.customers")}</Button>}
        />
      );
    }
    return <ErrorNotice error={customer.error} onRetry={customer.refetch} />;
  }
  const label: Record<Tab, MessageKey> = {
    timeline: "customer.tab_timeline",
    orders: "customer.tab_orders",
    tags: "customer.tab_tags",
    identities: "customer.tab_identities",
    fields: "customer.tab_fields",
  };
  return (
    <>
      <Link to="/customers" style={{ display: "inline-block", marginBottom: 8 }}>
        ← {t("nav.customers")}
      </Link>
      {customer.isError && <ErrorNotice error={customer.error} onRetry={customer.refetch} />}
      {customer.data.is_alias && (
        <Alert type="info" showIcon title={t("customer.alias")} style={{ marginBottom: 12 }} />
      )}
      {customer.data.is_erased && (
        <Alert type="warning" showIcon title={t("customer.erased")} style={{ marginBottom: 12 }} />
      )}
      <CustomerHead customer={customer.data} />
      <LinkTabs
        label={t("customer.tabs")}
        active={tab}
        tabs={tabs.map((key) => ({
          key,
          label: t(label[key]),
          to: `/customers/${customerId}`,
          search: { tab: key === "timeline" ? undefined : key },
        }))}
      />
      {tab === "timeline" && (
        <TimelineTab customerId={customer.data.id} currency={customer.data.figures.currency} />
      )}
      {tab === "orders" && <OrdersTab customerId={customer.data.id} />}
      {tab === "tags" && <TagsTab customer={customer.data} />}
      {tab === "identities" && <IdentitiesTab customerId={customer.data.id} />}
      {tab === "fields" && <FieldsTab customer={customer.data} />}
    </>
  );
}
