import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createMemoryHistory, RouterProvider } from "@tanstack/react-router";
import { render } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { Appearance } from "@/app/Appearance";
import { createAppRouter } from "@/app/router";
import { SessionKeeper } from "@/app/SessionKeeper";
import type { Session } from "@/app/session";
import { answer, aSession } from "./server";

type Options = { session?: Session | null };

/** Opens the whole console at an address, as a person with the given session would. */
export function openConsole(address: string, { session = aSession() }: Options = {}) {
  if (session) answer("get", "/session", session as never);
  const queryClient = new QueryClient({ defaultOptions: { queries: { retry: false, staleTime: 10_000 } } });
  const router = createAppRouter(queryClient);
  router.update({ ...router.options, history: createMemoryHistory({ initialEntries: [address] }) });
  render(
    <QueryClientProvider client={queryClient}>
      <Appearance>
        <RouterProvider router={router} />
        <SessionKeeper />
      </Appearance>
    </QueryClientProvider>,
  );
  return { router, user: userEvent.setup(), address: () => router.state.location.href };
}
