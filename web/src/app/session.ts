import { queryOptions, useQuery } from "@tanstack/react-query";
import { client, type Schemas, send } from "@/api/client";
import { ProblemError } from "@/api/problem";

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

export function useSession(): Session | null {
  return useQuery(sessionQuery).data ?? null;
}

/** Tells what the person may do; pages hide what they may not. The server decides in any case. */
export function useMay(): (permission: Permission) => boolean {
  const session = useSession();
  return (permission) => session?.permissions.includes(permission) ?? false;
}
