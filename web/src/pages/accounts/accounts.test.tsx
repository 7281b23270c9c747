import { screen, waitFor, within } from "@testing-library/react";
import { HttpResponse } from "msw";
import { expect, it } from "vitest";
import type { Schemas } from "@/api/client";
import { openConsole } from "@/testing/render";
import { anOperator, answer, aSession, page } from "@/testing/server";

const READER = ["customers.read", "accounts.read"];
const reader = (...more: string[]) =>
  aSession({ permissions: [...READER, ...more], operator: anOperator({ role: "operator" }) });

const owes = (changes: Partial<Schemas["ReceivableTotalsOut"]> = {}): Schemas["ReceivableTotalsOut"] => ({
  currency: "CNY",
  open_count: 2,
  open_amount: "1300.0000",
  overdue_count: 1,
  overdue_amount: "300.5000",
  days_overdue: 41,
  ...changes,
});

const anAccount = (changes: Partial<Schemas["AccountDetailOut"]> = {}): Schemas["AccountDetailOut"] => ({
  id: "ac_1",
  source: "erp",
  code: "B001",
  name: "杭州晨光商贸有限公司",
  short_name: null,
  credit_code: "91330100799655058B",
  industry: null,
  region: null,
  address: null,
  payment_terms_days: 30,
  credit_limit: "50000.0000",
  currency: "CNY",
  state: "active",
  raw_state: "合作中",
  owner: "小林",
  parent_code: null,
  parent_id: null,
  updated_at: "2026-11-20T02:00:00Z",
  receivables: [
    owes(),
    owes({ currency: "USD", open_amount: "10.0000", overdue_amount: "0", days_overdue: 0 }),
  ],
  contacts: [
    {
      customer_id: "c_1",
      role: "采购",
      title: null,
      phone: "+8613800000001",
      email: null,
      source: "erp",
      updated_at: "2026-11-20T02:00:00Z",
    },
  ],
  ...changes,
});

function serve(accounts = [anAccount()]) {
  answer("get", "/receivables/totals", [owes()]);
  answer("get", "/accounts", page(accounts) as never);
  answer("get", "/accounts/ac_1", anAccount() as never);
  answer("get", "/accounts/ac_1/receivables", page([]) as never);
  answer("get", "/customer-names", [{ id: "c_1", name: "王小二" }]);
}

it("offers the first step when there are no companies", async () => {
  serve([]);
  openConsole("/accounts", { session: reader("imports.write") });

  expect(await screen.findByRole("button", { name: "导入公司客户" })).toBeVisible();
});

it("keeps what is owed in different currencies apart, and shows how long it is overdue", async () => {
  serve();
  openConsole("/accounts", { session: reader() });

  const row = (await screen.findByText("杭州晨光商贸有限公司")).closest("tr") as HTMLElement;
  expect(within(row).getByText("¥1,300.00")).toBeVisible();
  expect(within(row).getByText("$10.00")).toBeVisible();
  expect(within(row).getByText("41 天")).toBeVisible();
  expect(await screen.findByText("其中逾期 ¥300.50，最长 41 天")).toBeVisible();
});

it("asks for what the address says", async () => {
  serve();
  const asked: string[] = [];
  answer("get", "/accounts", (request) => {
    asked.push(new URL(request.url).search);
    return HttpResponse.json(page([]));
  });
  openConsole("/accounts?overdue=yes&state=suspended&sort=-days_overdue&q=B0", { session: reader() });

  await waitFor(() => expect(asked.at(-1)).toContain("overdue=true"));
  expect(asked.at(-1)).toContain("state=suspended");
  expect(asked.at(-1)).toContain("sort=-days_overdue");
  expect(asked.at(-1)).toContain("query=B0");
});

it("opens a company with its contacts and lets those who may remove one", async () => {
  serve();
  const removed: string[] = [];
  answer("delete", "/accounts/ac_1/contacts/:id", (_request, params) => {
    removed.push(params.id ?? "");
    return new HttpResponse(null, { status: 204 });
  });
  const { user, address } = openConsole("/accounts", { session: reader("accounts.write") });

  await user.click(await screen.findByRole("button", { name: "杭州晨光商贸有限公司" }));
  const drawer = await screen.findByRole("dialog");
  expect(await within(drawer).findByRole("link", { name: "王小二" })).toHaveAttribute(
    "href",
    "/customers/c_1",
  );
  expect(within(drawer).getByText("138 0000 0001")).toBeVisible();
  expect(address()).toBe("/accounts?account=ac_1");

  await user.click(within(drawer).getByRole("button", { name: "移除联系人" }));
  const question = await screen.findByRole("tooltip");
  await user.click(within(question).getAllByRole("button").at(-1) as HTMLElement);
  await waitFor(() => expect(removed).toEqual(["c_1"]));
});

it("shows readers no way to remove a contact", async () => {
  serve();
  openConsole("/accounts?account=ac_1", { session: reader() });

  expect(await screen.findByText("王小二")).toBeVisible();
  expect(screen.queryByRole("button", { name: "移除联系人" })).not.toBeInTheDocument();
});
