import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from "@tanstack/react-router";
import { places } from "./nav";
import { ForbiddenPage, NotFoundPage, PageFailed, PagePending } from "./pages";
import { parseSearch, stringifySearch, validateSearch } from "./search";
import { type Permission, sessionQuery } from "./session";

type Context = { queryClient: QueryClient };

const root = createRootRouteWithContext<Context>()({
  validateSearch,
  notFoundComponent: NotFoundPage,
  errorComponent: PageFailed,
});

const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  component: lazyRouteComponent(() => import("@/pages/login/LoginPage"), "LoginPage"),
});

const password = createRoute({
  getParentRoute: () => root,
  path: "/password",
  beforeLoad: async ({ context, location }) => {
    const session = await context.queryClient.ensureQueryData(sessionQuery);
    if (!session) throw redirect({ to: "/login", search: { next: location.href } });
  },
  component: lazyRouteComponent(() => import("@/pages/login/PasswordPage"), "PasswordPage"),
});

/** Everything that needs a session with a password of one's own. */
const console_ = createRoute({
  getParentRoute: () => root,
  id: "console",
  component: lazyRouteComponent(() => import("./AppLayout"), "AppLayout"),
  beforeLoad: async ({ context, location }) => {
    const session = await context.queryClient.ensureQueryData(sessionQuery);
    if (!session)
      throw redirect({ to: "/login", search: location.href === "/" ? {} : { next: location.href } });
    if (session.must_change_password) throw redirect({ to: "/password" });
  },
});

const home = createRoute({
  getParentRoute: () => console_,
  path: "/",
  beforeLoad: async ({ context }) => {
    const session = await context.queryClient.ensureQueryData(sessionQuery);
    const first = places.find((place) =>
      place.anyOf.some((permission) => session?.permissions.includes(permission)),
    );
    throw redirect({ to: first?.path ?? "/password" });
  },
});

/** A page shown to those with the permission; others read why not. The server decides in any case. */
function page<Path extends string>(
  path: Path,
  anyOf: Permission[],
  load: () => Promise<{ Page: () => React.ReactNode }>,
) {
  return createRoute({
    getParentRoute: () => console_,
    path,
    beforeLoad: async ({ context }) => {
      const session = await context.queryClient.ensureQueryData(sessionQuery);
      if (!anyOf.some((permission) => session?.permissions.includes(permission))) throw new ForbiddenError();
    },
    component: lazyRouteComponent(load, "Page"),
  });
}

export class ForbiddenError extends Error {}

function ErrorPage(props: { error: unknown; reset: () => void }) {
  return props.error instanceof ForbiddenError ? <ForbiddenPage /> : <PageFailed {...props} />;
}

const settingsPermissions: Permission[] = ["settings.manage", "operators.manage", "system.manage"];

const pages = [
  page("/customers", ["customers.read"], () => import("@/pages/customers/CustomersPage")),
  page("/customers/$customerId", ["customers.read"], () => import("@/pages/customer/CustomerPage")),
  page("/accounts", ["accounts.read"], () => import("@/pages/accounts/AccountsPage")),
  page("/segments", ["segments.read"], () => import("@/pages/segments/SegmentsPage")),
  page("/segments/new", ["segments.write"], () => import("@/pages/segments/EditSegmentPage")),
  page("/segments/overlap", ["segments.read"], () => import("@/pages/segments/OverlapPage")),
  page("/segments/audiences", ["segments.read"], () => import("@/pages/segments/AudiencesPage")),
  page("/segments/audiences/$audienceId", ["segments.read"], () => import("@/pages/segments/AudiencePage")),
  page("/segments/templates", ["segments.read"], () => import("@/pages/segments/templates/TemplatesPage")),
  page(
    "/segments/templates/$name",
    ["segments.read"],
    () => import("@/pages/segments/templates/TemplatePage"),
  ),
  page("/segments/$segmentId", ["segments.read"], () => import("@/pages/segments/SegmentPage")),
  page("/segments/$segmentId/edit", ["segments.write"], () => import("@/pages/segments/EditSegmentPage")),
  page("/tags", ["segments.read"], () => import("@/pages/tags/TagsPage")),
  page("/tags/$tagId", ["segments.read"], () => import("@/pages/tags/TagPage")),
  page("/rfm", ["segments.read"], () => import("@/pages/rfm/RfmPage")),
  page("/products", ["products.read"], () => import("@/pages/products/ProductsPage")),
  page("/data", ["imports.read"], () => import("@/pages/data/DataPage")),
  page("/data/$section", ["imports.read"], () => import("@/pages/data/DataPage")),
  page("/data/imports/new", ["imports.write"], () => import("@/pages/data/NewImportPage")),
  page("/data/imports/$importId", ["imports.read"], () => import("@/pages/data/ImportPage")),
  page("/settings", settingsPermissions, () => import("@/pages/settings/SettingsPage")),
  page("/settings/$section", settingsPermissions, () => import("@/pages/settings/SettingsPage")),
];

const routeTree = root.addChildren([login, password, console_.addChildren([home, ...pages])]);

export function createAppRouter(queryClient: QueryClient) {
  return createRouter({
    routeTree,
    context: { queryClient },
    parseSearch,
    stringifySearch,
    defaultPreload: "intent",
    defaultPreloadStaleTime: 0,
    defaultPendingComponent: PagePending,
    defaultPendingMs: 200,
    defaultErrorComponent: ErrorPage,
    scrollRestoration: true,
  });
}
