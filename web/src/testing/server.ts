import { HttpResponse, http, type JsonBodyType } from "msw";
import { setupServer } from "msw/node";
import type { Schemas } from "@/api/client";
import type { Session } from "@/app/session";

export const server = setupServer();

const AT = "2026-11-20T02:00:00Z";
const ALL =
  "customers.read customers.write customers.export personal.read identity.merge imports.read imports.write products.read products.write orders.read segments.read segments.write segments.export settings.manage operators.manage system.manage";

export const anOperator = (changes: Partial<Schemas["OperatorOut"]> = {}): Schemas["OperatorOut"] => ({
  id: 1,
  username: "admin",
  display_name: "张敏",
  role: "admin",
  locale: "zh-CN",
  is_active: true,
  must_change_password: false,
  created_at: AT,
  last_login_at: AT,
  locked_until: null,
  ...changes,
});

export const aSession = (changes: Partial<Session> = {}): Session =>
  ({
    operator: anOperator(),
    permissions: ALL.split(" "),
    must_change_password: false,
    version: "0.1.0",
    ...changes,
  }) as Session;

export function problem(status: number, code: string, detail: string) {
  return HttpResponse.json({ type: "about:blank", title: code, status, code, detail }, { status });
}

type Method = "get" | "post" | "patch" | "put" | "delete";
type Answer =
  | JsonBodyType
  | ((request: Request, params: Record<string, string>) => Response | Promise<Response>);

/** Answers one endpoint; a function sees the request, anything else is the body of a 200. */
export function answer(method: Method, path: string, body: Answer) {
  server.use(
    http[method](`*/api/v1${path}`, ({ request, params }) =>
      typeof body === "function" ? body(request, params as Record<string, string>) : HttpResponse.json(body),
    ),
  );
}

export const page = <T>(items: T[], total = items.length) => ({ items, total, page: 1, page_size: 20 });
