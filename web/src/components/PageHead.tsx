import { Flex, Typography } from "antd";
import { type ReactNode, useEffect } from "react";
import { useT } from "@/i18n";

type Props = {
  title: ReactNode;
  documentTitle?: string;
  text?: ReactNode;
  actions?: ReactNode;
  above?: ReactNode;
};

export function PageHead({ title, documentTitle, text, actions, above }: Props) {
  const t = useT();
  const name = documentTitle ?? (typeof title === "string" ? title : undefined);
  useEffect(() => {
    document.title = name ? `${name} · ${t("app.name")}` : t("app.name");
  }, [name, t]);
  return (
    <header style={{ marginBottom: 16 }}>
      {above}
      <Flex wrap justify="space-between" align="center" gap={12}>
        <Typography.Title level={1} style={{ fontSize: 22, lineHeight: "32px", margin: 0 }}>
          {title}
        </Typography.Title>
        {actions && (
          <Flex wrap gap={8}>
            {actions}
          </Flex>
        )}
      </Flex>
      {text && (
        <Typography.Paragraph type="secondary" style={{ margin: "4px 0 0", maxWidth: 820 }}>
          {text}
        </Typography.Paragraph>
      )}
    </header>
  );
}
