import { Flex, Typography } from "antd";
import type { ReactNode } from "react";

type Props = { icon: ReactNode; title: string; text?: ReactNode; action?: ReactNode; isCompact?: boolean };

/** An empty page says why it is empty and offers the first step. */
export function EmptyState({ icon, title, text, action, isCompact }: Props) {
  return (
    <Flex
      vertical
      align="center"
      gap={6}
      style={{ padding: isCompact ? "28px 16px" : "64px 20px", textAlign: "center" }}
    >
      <div
        aria-hidden
        style={{
          display: "grid",
          placeItems: "center",
          width: 56,
          height: 56,
          borderRadius: 16,
          fontSize: 26,
          color: "var(--accent)",
          background: "var(--accent-soft)",
          marginBottom: 8,
        }}
      >
        {icon}
      </div>
      <Typography.Text strong style={{ fontSize: 16 }}>
        {title}
      </Typography.Text>
      {text && (
        <Typography.Text type="secondary" style={{ maxWidth: 460 }}>
          {text}
        </Typography.Text>
      )}
      {action && <div style={{ marginTop: 12 }}>{action}</div>}
    </Flex>
  );
}
