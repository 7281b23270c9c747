import { queryOptions, useQuery } from "@tanstack/react-query";
import { client, type Schemas, send } from "@/api/client";
import { ProblemError } from "@/api/problem";
import type { LocaleChoice } from "./preferences";

export type Session = Schemas["SessionOut"];
export type Permission =
  | "customers.read"
  | "customers.write"
  | "customers.export"
  | "personal.read"
  | "identity.merge"
  | "imports.read"
  | "imports.write"
  | "products.read"
  | "products.write"
  | "orders.read"
  | "tags.write"
  | "segments.read"
  | "segments.write"
  | "segments.export"
  | "accounts.read"
  | "accounts.write"
  | "devices.read"
  | "settings.manage"
  | "operators.manage"
  | "system.manage";

/** `null` means: nobody is logged in. Asked without the session signal, because it is how we find out. */
export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: async (): Promise<Session | null> => {
    try {
      return await send(client.GET("/api/v1/session"));
    } catch (error) {
      if (error instanceof ProblemError && error.code === "access.unauthenticated") return null;
      throw error;
    }
  },
  staleTime: 5 * 60_000,
});

/** Keeps the language with the account, so that the next log-in meets it in any browser. */
export function keepOwnLocale(locale: LocaleChoice): Promise<Session> {
  return send(client.PATCH("/api/v1/session", { body: { locale } }));
}

export function useSession(): Session | null {
  return useQuery(sessionQuery).data ?? null;
}

/** Tells what the person may do; pages hide what they may not. The server decides in any case. */
export function useMay(): (permission: Permission) => boolean {
  const session = useSession();
  return (permission) => session?.permissions.includes(permission) ?? false;
}
