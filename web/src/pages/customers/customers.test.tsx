import { screen, waitFor } from "@testing-library/react";
import { HttpResponse } from "msw";
import { expect, it } from "vitest";
import { openConsole } from "@/testing/render";
import { anOperator, answer, aSession } from "@/testing/server";
import { exportAddress } from "./ExportButton";

const customers = (items: unknown[] = []) => ({
  items,
  total: items.length,
  is_total_capped: false,
  page: 1,
  page_size: 20,
  next_cursor: null,
  is_masked: false,
});

function serveFields() {
  answer("get", "/customer-fields", { items: [] });
  answer("get", "/survivorship", { rules: [], sources: [] });
}

it("offers the first step when there are no customers", async () => {
  serveFields();
  answer("get", "/customers", customers());
  openConsole("/customers");

  expect(await screen.findByRole("button", { name: "导入订单文件" })).toBeVisible();
});

it("asks for what the address says, and writes to the address what is typed", async () => {
  serveFields();
  const asked: string[] = [];
  answer("get", "/customers", (request) => {
    asked.push(new URL(request.url).search);
    return HttpResponse.json(customers());
  });
  const { user, address } = openConsole("/customers?orders=yes&page=3");

  await user.type(await screen.findByRole("searchbox"), "5671");

  await waitFor(() => expect(address()).toBe("/customers?orders=yes&q=5671"));
  await waitFor(() => expect(asked.at(-1)).toContain("query=5671"));
  expect(asked[0]).toContain("has_orders=true");
  expect(asked[0]).toContain("page=3");
  expect(await screen.findByText("没有符合条件的结果")).toBeVisible();
});

it("offers a viewer neither export nor new customers", async () => {
  serveFields();
  answer("get", "/customers", customers());
  const viewer = aSession({ permissions: ["customers.read"], operator: anOperator({ role: "viewer" }) });
  openConsole("/customers", { session: viewer });

  expect(await screen.findByText("还没有客户")).toBeVisible();
  expect(screen.queryByRole("button", { name: /导出|新建客户|导入/ })).not.toBeInTheDocument();
});

it("exports what is searched and filtered", () => {
  const filter = { query: "5671", has_orders: true, field: ["custom.a:1", "custom.b:2"] };
  expect(exportAddress(filter as Parameters<typeof exportAddress>[0], "xlsx")).toBe(
    "/api/v1/customers/export?format=xlsx&query=5671&has_orders=true&field=custom.a%3A1&field=custom.b%3A2",
  );
});
