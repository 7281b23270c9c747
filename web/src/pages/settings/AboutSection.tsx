import { Card, Flex, Typography } from "antd";
import { useSession } from "@/app/session";
import { Logo } from "@/components/Logo";
import { useT } from "@/i18n";

export function AboutSection() {
  const t = useT();
  const session = useSession();
  return (
    <Card>
      <Flex gap={20} align="start" wrap>
        <Logo size={56} />
        <div style={{ flex: "1 1 280px" }}>
          <Typography.Title level={2} style={{ fontSize: 18, margin: 0 }}>
            {t("app.name")}
          </Typography.Title>
          <Typography.Paragraph type="secondary">
            {t("about.version", { version: session?.version ?? "" })} · {t("about.license")}
          </Typography.Paragraph>
          <Typography.Paragraph style={{ maxWidth: 560 }}>{t("about.text")}</Typography.Paragraph>
          <a href="/api/docs" target="_blank" rel="noreferrer">
            {t("about.api")}
          </a>
        </div>
      </Flex>
    </Card>
  );
}
