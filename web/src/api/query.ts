import { QueryClient } from "@tanstack/react-query";
import { ProblemError } from "./problem";

/** Only what may pass by itself is tried again: no answer, or a server that is just starting. */
export function isWorthRetrying(failures: number, error: Error): boolean {
  if (failures >= 2) return false;
  return !(error instanceof ProblemError) || error.status === 0 || error.status >= 502;
}

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: { staleTime: 10_000, retry: isWorthRetrying, retryDelay: 800, refetchOnWindowFocus: true },
      mutations: { retry: false },
    },
  });
}
