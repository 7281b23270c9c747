import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Descriptions, Drawer, Popconfirm, Skeleton, Table, Tag, Typography } from "antd";
import { useState } from "react";
import { type AccountDetail, accountQuery, accountReceivablesQuery, removeContact } from "@/api/accounts";
import { useCustomerNames } from "@/api/names";
import { useMay } from "@/app/session";
import { CustomerName } from "@/components/CustomerName";
import { ErrorNotice } from "@/components/ErrorNotice";
import { useFeedback } from "@/components/feedback";
import { formatPhone, Money } from "@/components/values";
import { useT, useWord } from "@/i18n";
import { Overdue } from "./Owed";

const PAGE_SIZE = 20;
const RECEIVABLE_COLOURS = {
  open: "processing",
  part_settled: "warning",
  settled: "success",
  written_off: "default",
} as const;

type Props = { accountId: string | null; onOpen: (id: string) => void; onClose: () => void };

export function AccountDrawer({ accountId, onOpen, onClose }: Props) {
  const account = useQuery({ ...accountQuery(accountId ?? ""), enabled: accountId !== null });
  return (
    <Drawer
      open={accountId !== null}
      onClose={onClose}
      size={820}
      title={account.data?.name ?? account.data?.code ?? ""}
      destroyOnHidden
    >
      {account.isError && <ErrorNotice error={account.error} onRetry={account.refetch} />}
      {account.isPending && <Skeleton active />}
      {account.data && (
        <>
          <Facts account={account.data} onOpen={onOpen} />
          <Contacts account={account.data} />
          <Receivables accountId={account.data.id} />
        </>
      )}
    </Drawer>
  );
}

function Heading({ text }: { text: string }) {
  return (
    <Typography.Title level={2} style={{ fontSize: 16, marginTop: 24 }}>
      {text}
    </Typography.Title>
  );
}

function Facts({ account, onOpen }: { account: AccountDetail; onOpen: (id: string) => void }) {
  const t = useT();
  const word = useWord();
  const { parent_id: parentId, parent_code: parentCode } = account;
  const terms = account.payment_terms_days;
  return (
    <Descriptions
      column={{ xs: 1, sm: 2 }}
      items={[
        { key: "code", label: t("accounts.code"), children: account.code },
        { key: "source", label: t("accounts.source"), children: account.source },
        {
          key: "state",
          label: t("accounts.state"),
          children: (
            <span
              title={account.raw_state ? t("accounts.raw_state", { state: account.raw_state }) : undefined}
            >
              {word("account_state", account.state)}
            </span>
          ),
        },
        { key: "owner", label: t("accounts.owner"), children: account.owner ?? "–" },
        { key: "credit_code", label: t("accounts.credit_code"), children: account.credit_code ?? "–" },
        { key: "short_name", label: t("accounts.short_name"), children: account.short_name ?? "–" },
        { key: "industry", label: t("accounts.industry"), children: account.industry ?? "–" },
        { key: "region", label: t("accounts.region"), children: account.region ?? "–" },
        {
          key: "terms",
          label: t("accounts.terms"),
          children: terms === null ? "–" : t("accounts.terms_days", { days: terms }),
        },
        {
          key: "credit_limit",
          label: t("accounts.credit_limit"),
          children: <Money amount={account.credit_limit} currency={account.currency} />,
        },
        { key: "address", label: t("accounts.address"), children: account.address ?? "–" },
        {
          key: "parent",
          label: t("accounts.parent"),
          children: parentId ? (
            <Button type="link" size="small" style={{ padding: 0 }} onClick={() => onOpen(parentId)}>
              {parentCode}
            </Button>
          ) : (
            (parentCode ?? "–")
          ),
        },
      ]}
    />
  );
}

function Contacts({ account }: { account: AccountDetail }) {
  const t = useT();
  const may = useMay();
  const feedback = useFeedback();
  const queryClient = useQueryClient();
  const names = useCustomerNames(account.contacts.map((contact) => contact.customer_id));
  const removal = useMutation({
    mutationFn: (customerId: string) => removeContact(account.id, customerId),
    onSuccess: () => {
      feedback.done(t("contacts.removed"));
      return queryClient.invalidateQueries({ queryKey: ["account", account.id] });
    },
    onError: feedback.failed,
  });
  return (
    <>
      <Heading text={t("contacts.title")} />
      <Table
        size="small"
        rowKey="customer_id"
        dataSource={account.contacts}
        pagination={false}
        scroll={{ x: true }}
        locale={{ emptyText: t("contacts.none") }}
        columns={[
          {
            title: t("contacts.name"),
            render: (_, contact) => (
              <CustomerName id={contact.customer_id} name={names.get(contact.customer_id)} />
            ),
          },
          { title: t("contacts.role"), render: (_, contact) => contact.role ?? "–" },
          { title: t("contacts.title_at_work"), render: (_, contact) => contact.title ?? "–" },
          {
            title: t("contacts.phone"),
            render: (_, contact) => (
              <span className="num">{contact.phone ? formatPhone(contact.phone) : "–"}</span>
            ),
          },
          { title: t("contacts.email"), render: (_, contact) => contact.email ?? "–" },
          ...(may("accounts.write")
            ? [
                {
                  key: "remove",
                  render: (_: unknown, contact: AccountDetail["contacts"][number]) => (
                    <Popconfirm
                      title={t("contacts.remove")}
                      description={t("contacts.remove_text")}
                      onConfirm={() => removal.mutate(contact.customer_id)}
                    >
                      <Button size="small" danger type="text">
                        {t("contacts.remove")}
                      </Button>
                    </Popconfirm>
                  ),
                },
              ]
            : []),
        ]}
      />
    </>
  );
}

function Receivables({ accountId }: { accountId: string }) {
  const t = useT();
  const word = useWord();
  const [page, setPage] = useState(1);
  const receivables = useQuery(accountReceivablesQuery(accountId, page, PAGE_SIZE));
  if (receivables.isError) return <ErrorNotice error={receivables.error} onRetry={receivables.refetch} />;
  return (
    <>
      <Heading text={t("receivables.title")} />
      <Table
        size="small"
        rowKey="id"
        dataSource={receivables.data?.items ?? []}
        loading={receivables.isFetching}
        scroll={{ x: true }}
        locale={{ emptyText: t("receivables.none") }}
        pagination={{
          current: page,
          pageSize: PAGE_SIZE,
          total: receivables.data?.total ?? 0,
          onChange: setPage,
          hideOnSinglePage: true,
          showSizeChanger: false,
        }}
        columns={[
          { title: t("receivables.number"), dataIndex: "number" },
          {
            title: t("receivables.state"),
            render: (_, receivable) => (
              <Tag color={RECEIVABLE_COLOURS[receivable.state]}>
                {word("receivable_state", receivable.state)}
              </Tag>
            ),
          },
          {
            title: t("receivables.amount"),
            align: "right",
            render: (_, receivable) => <Money amount={receivable.amount} currency={receivable.currency} />,
          },
          {
            title: t("receivables.open_amount"),
            align: "right",
            render: (_, receivable) => (
              <Money amount={receivable.open_amount} currency={receivable.currency} />
            ),
          },
          { title: t("receivables.issued_on"), render: (_, receivable) => receivable.issued_on ?? "–" },
          { title: t("receivables.due_on"), render: (_, receivable) => receivable.due_on ?? "–" },
          {
            title: t("accounts.days_overdue"),
            align: "right",
            render: (_, receivable) => <Overdue days={receivable.days_overdue} />,
          },
          { title: t("receivables.order_number"), render: (_, receivable) => receivable.order_number ?? "–" },
        ]}
      />
    </>
  );
}
