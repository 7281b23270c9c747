import { MenuFoldOutlined, MenuOutlined, MenuUnfoldOutlined } from "@ant-design/icons";
import { Link, Outlet, useRouterState } from "@tanstack/react-router";
import { Button, Drawer, Flex, Grid, Layout, Menu, Tag, Tooltip } from "antd";
import { useEffect, useState } from "react";
import { Logo } from "@/components/Logo";
import { useT } from "@/i18n";
import { AccountMenu } from "./AccountMenu";
import { places } from "./nav";
import { preferences, usePreferences } from "./preferences";
import { useMay, useSession } from "./session";

const HEADER_HEIGHT = 52;

export function AppLayout() {
  const t = useT();
  const session = useSession();
  const { isNavFolded } = usePreferences();
  const isNarrow = !(Grid.useBreakpoint().md ?? true);
  const [isDrawerOpen, setIsDrawerOpen] = useState(false);
  const path = useRouterState({ select: (state) => state.location.pathname });

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new address is what closes the drawer
  useEffect(() => setIsDrawerOpen(false), [path]);

  if (!session) return null;
  return (
    <Layout style={{ minHeight: "100dvh" }}>
      <a href="#content" className="skip-link">
        {t("app.skip_to_content")}
      </a>
      {!isNarrow && (
        <Layout.Sider
          width={208}
          collapsedWidth={60}
          collapsed={isNavFolded}
          style={{ borderInlineEnd: "1px solid var(--line)", position: "sticky", top: 0, height: "100dvh" }}
        >
          <Flex vertical style={{ height: "100%" }}>
            <Brand isFolded={isNavFolded} />
            <Nav path={path} />
            <Button
              type="text"
              style={{ margin: "auto 8px 12px", color: "var(--text-secondary)" }}
              icon={isNavFolded ? <MenuUnfoldOutlined /> : <MenuFoldOutlined />}
              aria-label={t(isNavFolded ? "nav.unfold" : "nav.fold")}
              onClick={() => preferences.set("isNavFolded", !isNavFolded)}
            />
          </Flex>
        </Layout.Sider>
      )}
      <Layout>
        <Layout.Header
          style={{
            height: HEADER_HEIGHT,
            lineHeight: `${HEADER_HEIGHT}px`,
            padding: isNarrow ? "0 8px" : "0 20px",
            borderBottom: "1px solid var(--line)",
            position: "sticky",
            top: 0,
            zIndex: 20,
          }}
        >
          <Flex align="center" gap={8} style={{ height: "100%" }}>
            {isNarrow && (
              <>
                <Button
                  type="text"
                  icon={<MenuOutlined />}
                  aria-label={t("nav.open")}
                  onClick={() => setIsDrawerOpen(true)}
                />
                <Logo size={24} />
                <strong>{t("app.name")}</strong>
              </>
            )}
            <Flex align="center" gap={8} style={{ marginInlineStart: "auto" }}>
              {session.demo && (
                <Tooltip title={t("app.demo_hint")}>
                  <Tag color="warning" variant="filled">
                    {t("app.demo")}
                  </Tag>
                </Tooltip>
              )}
              <AccountMenu session={session} isNarrow={isNarrow} />
            </Flex>
          </Flex>
        </Layout.Header>
        <Layout.Content
          id="content"
          role="main"
          tabIndex={-1}
          style={{
            padding: isNarrow ? "16px 12px 40px" : "20px 24px 48px",
            maxWidth: 1560,
            width: "100%",
            margin: "0 auto",
          }}
        >
          <Outlet />
        </Layout.Content>
      </Layout>
      <Drawer
        open={isDrawerOpen}
        onClose={() => setIsDrawerOpen(false)}
        placement="left"
        size={260}
        title={t("app.name")}
        styles={{ body: { padding: 8 } }}
      >
        <Nav path={path} />
      </Drawer>
    </Layout>
  );
}

function Brand({ isFolded }: { isFolded: boolean }) {
  const t = useT();
  return (
    <Link
      to="/"
      style={{
        display: "flex",
        alignItems: "center",
        gap: 10,
        padding: "12px 16px",
        height: HEADER_HEIGHT,
        color: "inherit",
      }}
    >
      <Logo />
      {isFolded ? (
        <span className="visually-hidden">{t("app.name")}</span>
      ) : (
        <strong style={{ fontSize: 17, letterSpacing: 0.5 }}>{t("app.name")}</strong>
      )}
    </Link>
  );
}

function Nav({ path }: { path: string }) {
  const t = useT();
  const may = useMay();
  return (
    <nav aria-label={t("nav.main")}>
      <Menu
        mode="inline"
        selectedKeys={places
          .filter((place) => [place.path, ...(place.also ?? [])].some((start) => path.startsWith(start)))
          .map((place) => place.path)}
        style={{ borderInlineEnd: 0 }}
        items={places
          .filter((place) => place.anyOf.some(may))
          .map((place) => ({
            key: place.path,
            icon: place.icon,
            label: <Link to={place.path}>{t(place.label)}</Link>,
          }))}
      />
    </nav>
  );
}
