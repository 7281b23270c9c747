import createClient, { type Middleware } from "openapi-fetch";
import { preferences } from "@/app/preferences";
import { sessionSignals } from "@/app/session-signals";
import { type ProblemError, toProblemError } from "./problem";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];

/** Proves to the server that a changing request comes from our own page (see access/guard.py). */
export const REQUEST_HEADER = "X-Feilun-Request";

export function requestHeaders(): Record<string, string> {
  return { "Accept-Language": preferences.get().locale, [REQUEST_HEADER]: "1" };
}

/** Tells the pages when a session ended or a one-time password has to be changed first. */
export function noteSessionProblem(error: ProblemError): void {
  if (error.code === "access.unauthenticated") sessionSignals.emit("ended");
  if (error.code === "access.password_change_required") sessionSignals.emit("password_required");
}

const middleware: Middleware = {
  onRequest({ request }) {
    for (const [name, value] of Object.entries(requestHeaders())) request.headers.set(name, value);
    return request;
  },
};

export const client = createClient<paths>({
  baseUrl: window.location.origin,
  // Looked up at call time, so that tests which replace fetch are seen.
  fetch: (request) => globalThis.fetch(request),
});
client.use(middleware);

type Result<T> = { data?: T; error?: unknown; response: Response };

/** Returns the data of a call or throws a ProblemError; network failures become `web.offline`. */
export async function send<T>(call: Promise<Result<T>>): Promise<NonNullable<T>> {
  let result: Result<T>;
  try {
    result = await call;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw toProblemError(null, 0);
  }
  if (result.response.ok) return result.data as NonNullable<T>;
  const error = toProblemError(result.error, result.response.status);
  noteSessionProblem(error);
  throw error;
}
