import { screen, waitFor } from "@testing-library/react";
import { HttpResponse } from "msw";
import { describe, expect, it } from "vitest";
import { openConsole } from "@/testing/render";
import { anOperator, answer, aSession, page, problem } from "@/testing/server";
import { safeNext } from "./LoginPage";

const noSession = () => problem(401, "access.unauthenticated", "请先登录。");

describe("log-in", () => {
  it("sends people without a session to the log-in and back to where they wanted to go", async () => {
    answer("get", "/session", noSession);
    answer("get", "/products", page([]));
    answer("post", "/session", async (request) => {
      expect(request.headers.get("X-Feilun-Request")).toBe("1");
      expect(request.headers.get("Accept-Language")).toBe("zh-CN");
      expect(await request.json()).toEqual({ username: "admin", password: "correct horse" });
      return HttpResponse.json(aSession());
    });
    const { user, address } = openConsole("/products?q=cup", { session: null });

    await user.type(await screen.findByLabelText("用户名"), "admin");
    await user.type(screen.getByLabelText("密码"), "correct horse{Enter}");

    expect(await screen.findByRole("heading", { name: "商品" })).toBeVisible();
    expect(address()).toBe("/products?q=cup");
  });

  it("shows the server's words when the account is locked and keeps the user name", async () => {
    answer("get", "/session", noSession);
    answer("post", "/session", () => problem(429, "access.locked", "账号已锁定。请 12 分钟后再试。"));
    const { user } = openConsole("/login", { session: null });

    await user.type(await screen.findByLabelText("用户名"), "admin");
    await user.type(screen.getByLabelText("密码"), "wrong{Enter}");

    expect(await screen.findByRole("alert")).toHaveTextContent("账号已锁定。请 12 分钟后再试。");
    expect(screen.getByLabelText("用户名")).toHaveValue("admin");
    expect(screen.getByLabelText("密码")).toHaveValue("");
  });

  it("lets nobody past a one-time password", async () => {
    const session = aSession({
      must_change_password: true,
      operator: anOperator({ must_change_password: true }),
    });
    const { user, address } = openConsole("/products", { session });

    expect(await screen.findByRole("heading", { name: "设置新密码" })).toBeVisible();
    await user.type(screen.getByLabelText("一次性密码"), "once-only-1");
    await user.type(screen.getByLabelText("新密码"), "long enough 1");
    await user.type(screen.getByLabelText("再输入一次新密码"), "something else");
    await user.click(screen.getByRole("button", { name: "保存新密码" }));

    expect(await screen.findByText("两次输入的密码不一致")).toBeVisible();
    expect(address()).toBe("/password");
  });

  it("asks for the password in place when the session ends, and keeps the page", async () => {
    let isEnded = false;
    answer("get", "/products", () => (isEnded ? noSession() : HttpResponse.json(page([]))));
    answer("post", "/session", () => {
      isEnded = false;
      return HttpResponse.json(aSession());
    });
    const { user, address } = openConsole("/products?kind=fee");
    await screen.findByRole("heading", { name: "商品" });

    isEnded = true;
    await user.type(screen.getByRole("searchbox"), "cup");
    await screen.findByText("登录已过期");
    await user.type(screen.getByLabelText("密码"), "correct horse{Enter}");

    await waitFor(() => expect(screen.queryByText("登录已过期")).not.toBeInTheDocument());
    expect(address()).toBe("/products?kind=fee&q=cup");
  });

  it("shows a viewer no settings, also when the address is typed", async () => {
    const viewer = aSession({ permissions: ["products.read"], operator: anOperator({ role: "viewer" }) });
    openConsole("/settings", { session: viewer });

    expect(await screen.findByText("您没有打开此页的权限")).toBeVisible();
    expect(screen.queryByRole("link", { name: "设置" })).not.toBeInTheDocument();
  });
});

describe("safeNext", () => {
  it.each([
    ["/customers?q=1", "/customers?q=1"],
    ["https://evil.example", "/"],
    ["//evil.example", "/"],
    ["/\\evil.example", "/"],
    [undefined, "/"],
  ])("%s leads to %s", (next, expected) => {
    expect(safeNext(next)).toBe(expected);
  });
});
