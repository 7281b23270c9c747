import { Flex, Typography } from "antd";
import type { ReactNode } from "react";
import { Logo } from "@/components/Logo";
import { useT } from "@/i18n";

/** The frame of pages outside of the console: log-in and the change of a one-time password. */
export function EntryFrame({ children }: { children: ReactNode }) {
  const t = useT();
  return (
    <main
      style={{
        minHeight: "100dvh",
        display: "grid",
        placeItems: "center",
        padding: 16,
        boxSizing: "border-box",
      }}
    >
      <Flex vertical gap={16} style={{ width: "100%", maxWidth: 400 }}>
        <Flex align="center" justify="center" gap={12} style={{ marginBottom: 8 }}>
          <Logo size={40} />
          <div>
            <Typography.Text strong style={{ fontSize: 20, display: "block", lineHeight: 1.2 }}>
              {t("app.name")}
            </Typography.Text>
            <Typography.Text type="secondary">{t("app.slogan")}</Typography.Text>
          </div>
        </Flex>
        {children}
      </Flex>
    </main>
  );
}
