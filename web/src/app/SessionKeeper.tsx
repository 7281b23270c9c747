import { useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useState } from "react";
import { type Session, sessionQuery } from "./session";
import { sessionSignals } from "./session-signals";

const LoginDialog = lazy(() => import("./LoginDialog"));

/**
 * Watches for a session that ends while someone works: asks for the password in place, so that what is on the page
 * (filters, a half-filled form) stays. Someone else logging in starts afresh.
 */
export function SessionKeeper() {
  const queryClient = useQueryClient();
  const [ended, setEnded] = useState<Session | null>(null);

  useEffect(
    () =>
      sessionSignals.subscribe((signal) => {
        const session = queryClient.getQueryData(sessionQuery.queryKey);
        if (signal === "ended" && session) setEnded(session);
        if (signal === "password_required")
          queryClient.invalidateQueries({ queryKey: sessionQuery.queryKey });
      }),
    [queryClient],
  );

  function onLoggedIn(session: Session) {
    const isSameOperator = session.operator.id === ended?.operator.id;
    queryClient.setQueryData(sessionQuery.queryKey, session);
    setEnded(null);
    if (isSameOperator) queryClient.invalidateQueries();
    else window.location.assign("/");
  }

  if (!ended) return null;
  return (
    <Suspense>
      <LoginDialog username={ended.operator.username} onLoggedIn={onLoggedIn} />
    </Suspense>
  );
}
