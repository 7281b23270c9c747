import { BankOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Button, Card, Flex, Select, Statistic, Tag } from "antd";
import { type Account, accountsQuery, receivableTotalsQuery } from "@/api/accounts";
import type { Schemas } from "@/api/client";
import { useListState } from "@/app/list-state";
import { useMay } from "@/app/session";
import { type Column, DataTable } from "@/components/DataTable";
import { EmptyState } from "@/components/EmptyState";
import { ColumnChoice, ListBar, SearchBox } from "@/components/ListTools";
import { NothingFound } from "@/components/NothingFound";
import { PageHead } from "@/components/PageHead";
import { Panel } from "@/components/Panel";
import { formatMoney, Moment, Money } from "@/components/values";
import { type Translate, useI18n, useT, useWord } from "@/i18n";
import { AccountDrawer } from "./AccountDrawer";
import { Amounts, longestOverdue, Overdue } from "./Owed";

const STATES: Schemas["AccountState"][] = ["active", "suspended", "closed"];
const STATE_COLOURS = { active: "success", suspended: "warning", closed: "default" } as const;
const SORTS: Schemas["AccountSort"][] = [
  "code",
  "-code",
  "name",
  "-name",
  "updated_at",
  "-updated_at",
  "days_overdue",
  "-days_overdue",
];

function columnsOf(
  t: Translate,
  word: (group: string, code: string) => string,
  open: (id: string) => void,
): Column<Account>[] {
  return [
    {
      key: "name",
      title: t("accounts.name"),
      isFixed: true,
      sort: { asc: "name", desc: "-name" },
      render: (account) => (
        <Button
          type="link"
          size="small"
          style={{ padding: 0, whiteSpace: "normal", textAlign: "start", height: "auto" }}
          onClick={() => open(account.id)}
        >
          {account.name ?? account.short_name ?? account.code}
        </Button>
      ),
    },
    {
      key: "code",
      title: t("accounts.code"),
      sort: { asc: "code", desc: "-code" },
      render: (account) => <span className="mono">{account.code}</span>,
    },
    {
      key: "state",
      title: t("accounts.state"),
      render: (account) => (
        <Tag color={STATE_COLOURS[account.state]}>{word("account_state", account.state)}</Tag>
      ),
    },
    {
      key: "open",
      title: t("accounts.open_amount"),
      align: "right",
      render: (account) => <Amounts totals={account.receivables} of="open_amount" />,
    },
    {
      key: "overdue",
      title: t("accounts.overdue_amount"),
      align: "right",
      render: (account) => <Amounts totals={account.receivables} of="overdue_amount" />,
    },
    {
      key: "days_overdue",
      title: t("accounts.days_overdue"),
      align: "right",
      sort: { asc: "days_overdue", desc: "-days_overdue" },
      render: (account) => <Overdue days={longestOverdue(account.receivables)} />,
    },
    {
      key: "credit_limit",
      title: t("accounts.credit_limit"),
      align: "right",
      render: (account) => <Money amount={account.credit_limit} currency={account.currency} />,
    },
    { key: "owner", title: t("accounts.owner"), render: (account) => account.owner ?? "–" },
    {
      key: "industry",
      title: t("accounts.industry"),
      isOptional: true,
      render: (account) => account.industry ?? "–",
    },
    {
      key: "region",
      title: t("accounts.region"),
      isOptional: true,
      render: (account) => account.region ?? "–",
    },
    { key: "source", title: t("accounts.source"), isOptional: true, render: (account) => account.source },
    {
      key: "updated_at",
      title: t("accounts.updated_at"),
      isOptional: true,
      sort: { asc: "updated_at", desc: "-updated_at" },
      render: (account) => <Moment at={account.updated_at} />,
    },
  ];
}

/** What everybody owes, one figure for each currency. */
function TotalsBar() {
  const t = useT();
  const { locale } = useI18n();
  const totals = useQuery(receivableTotalsQuery);
  if (!totals.data?.length) return null;
  return (
    <Flex wrap gap={16} style={{ marginBottom: 16 }}>
      {totals.data.map((total) => (
        <Card key={total.currency} size="small" style={{ minWidth: 240 }}>
          <Statistic
            title={`${t("accounts.open_amount")} · ${t("accounts.total_open", { count: total.open_count })}`}
            value={formatMoney(total.open_amount, total.currency, locale)}
          />
          <span className="secondary">
            {total.overdue_count > 0
              ? t("accounts.total_overdue", {
                  amount: formatMoney(total.overdue_amount, total.currency, locale),
                  days: total.days_overdue,
                })
              : t("accounts.total_none")}
          </span>
        </Card>
      ))}
    </Flex>
  );
}

export function Page() {
  const t = useT();
  const word = useWord();
  const may = useMay();
  const state = useListState();
  const { q, state: known, overdue, account } = state.search;
  const query = {
    query: q,
    state: STATES.find((candidate) => candidate === known),
    overdue: overdue === "yes" ? true : overdue === "no" ? false : undefined,
    sort: SORTS.find((candidate) => candidate === state.sort),
    page: state.page,
    page_size: state.pageSize,
  };
  const accounts = useQuery(accountsQuery(query));
  // The page is named along, so that opening a company does not lead back to the first one.
  const open = (id: string | undefined) => state.set({ account: id, page: state.search.page });
  const columns = columnsOf(t, word, open);
  return (
    <>
      <PageHead title={t("nav.accounts")} text={t("accounts.text")} />
      <TotalsBar />
      <Panel>
        <ListBar end={<ColumnChoice columns={columns} state={state} />}>
          <SearchBox state={state} placeholder={t("accounts.search")} />
          <Select
            allowClear
            aria-label={t("accounts.state")}
            placeholder={t("accounts.state")}
            value={query.state}
            onChange={(value) => state.set({ state: value })}
            options={STATES.map((value) => ({ value, label: word("account_state", value) }))}
            style={{ minWidth: 120 }}
          />
          <Select
            allowClear
            aria-label={t("accounts.overdue_filter")}
            placeholder={t("accounts.overdue_filter")}
            value={query.overdue === undefined ? undefined : overdue}
            onChange={(value) => state.set({ overdue: value })}
            options={[
              { value: "yes", label: t("accounts.is_overdue") },
              { value: "no", label: t("accounts.not_overdue") },
            ]}
            style={{ minWidth: 140 }}
          />
        </ListBar>
        <DataTable
          columns={columns}
          rowKey={(row) => row.id}
          query={accounts}
          state={state}
          empty={
            q || known || overdue ? (
              <NothingFound state={state} />
            ) : (
              <EmptyState
                icon={<BankOutlined />}
                title={t("accounts.empty")}
                text={t("accounts.empty_text")}
                action={
                  may("imports.write") && (
                    <Link to="/data/imports/new" search={{ kind: "accounts" }}>
                      <Button type="primary">{t("accounts.import")}</Button>
                    </Link>
                  )
                }
              />
            )
          }
        />
      </Panel>
      <AccountDrawer accountId={account ?? null} onOpen={open} onClose={() => open(undefined)} />
    </>
  );
}
