import { screen, within } from "@testing-library/react";
import { HttpResponse } from "msw";
import { expect, it } from "vitest";
import type { Heatmap, RfmModel } from "@/api/blueprints";
import { openConsole } from "@/testing/render";
import { answer, aSession, problem } from "@/testing/server";

const scale = (...limits: string[]) => ({ binning: "quantile" as const, limits });
const model = (changes: Partial<RfmModel> = {}): RfmModel => ({
  version: 0,
  scores: 2,
  period_days: null,
  recalibrate_days: 30,
  calibrated_at: "2026-11-20T02:00:00Z",
  people: 10,
  scales: { recency: scale("30"), frequency: scale("1"), monetary: scale("99.5") },
  regions: [
    {
      key: "best",
      name_zh: "优质",
      name_en: "Best",
      recency: [2, 2],
      frequency: [1, 2],
      monetary: [1, 2],
    },
  ],
  ...changes,
});
const condition = { version: 1, where: { all: [] } };
const cell = (recency: number, frequency: number, people: number) => ({
  recency,
  frequency,
  people,
  monetary_mean: people ? "120.40" : null,
  days_mean: people ? "12" : null,
  orders_mean: people ? "2" : null,
  condition,
});
const heatmap = (changes: Partial<RfmModel> = {}): Heatmap => ({
  model: model(changes),
  cells: [cell(1, 1, 4), cell(1, 2, 0), cell(2, 1, 1), cell(2, 2, 5)],
  regions: [{ key: "best", name: "优质", people: 6, monetary_total: "722.40", condition }],
  people: 10,
  currency: "CNY",
  as_of: "2026-11-20T02:00:00Z",
});

it("leads to the first orders while nobody has ordered, and still offers the settings", async () => {
  answer("get", "/rfm/heatmap", () => problem(409, "blueprints.nobody_ordered", "还没有客户下过单"));
  openConsole("/rfm");

  const link = await screen.findByRole("link", { name: /导入订单/ });
  expect(link).toHaveAttribute("href", "/data/imports/new");
  expect(screen.getByRole("button", { name: /模型设置/ })).toBeInTheDocument();
  expect(screen.queryByRole("alert")).toBeNull();
});

it("shows people and definitions, and who is in no region", async () => {
  answer("get", "/rfm/heatmap", heatmap({ version: 2 }));
  openConsole("/rfm");

  expect(await screen.findByRole("button", { name: "R2 F2：5 人，人均消费 ¥120" })).toBeInTheDocument();
  const left = screen.getByRole("row", { name: /未归入任何分区/ });
  expect(within(left).getByText("4")).toBeInTheDocument();
  expect(screen.getByText("2 笔及以上")).toBeInTheDocument();
  expect(screen.getByText("不超过 30 天")).toBeInTheDocument();
  expect(screen.queryByText(/还没有启用/)).toBeNull();
});

it("tells readers that the model is not at work, without offering what they may not do", async () => {
  answer("get", "/rfm/heatmap", heatmap());
  openConsole("/rfm", { session: aSession({ permissions: ["segments.read"] }) });

  expect(await screen.findByText(/还没有启用/)).toBeInTheDocument();
  expect(screen.queryByRole("button", { name: "启用" })).toBeNull();
  expect(screen.queryByRole("link", { name: "以此建人群" })).toBeNull();
});

it("takes the newest settings after somebody else's saving", async () => {
  let saved = 0;
  answer("get", "/rfm/heatmap", heatmap({ version: 2 }));
  answer("get", "/rfm", () => HttpResponse.json(model({ version: 2 + saved, recalibrate_days: 30 - saved })));
  answer("put", "/rfm", () => {
    saved = 1;
    return problem(409, "blueprints.rfm_changed", "RFM 设置刚被他人改成第 3 版");
  });
  const { user } = openConsole("/rfm");

  await user.click(await screen.findByRole("button", { name: /模型设置/ }));
  const drawer = await screen.findByRole("dialog", { name: "模型设置" });
  const days = within(drawer).getByLabelText("每隔多少天重取分位数");
  await user.clear(days);
  await user.type(days, "7");
  await user.click(within(drawer).getByRole("button", { name: /保\s?存/ }));
  const question = await screen.findByText(/不会触发流程、规则或消息/);
  const dialog = question.closest<HTMLElement>("[role=dialog]");
  await user.click(within(dialog ?? document.body).getByRole("button", { name: /保\s?存/ }));
  await user.click(await within(drawer).findByRole("button", { name: "改用最新设置" }));

  expect(await within(drawer).findByDisplayValue("29")).toBeInTheDocument();
  expect(within(drawer).queryByText(/刚被他人/)).toBeNull();
});
