import { useNavigate } from "@tanstack/react-router";
import { Tabs } from "antd";
import type { ReactNode } from "react";

type Section = { key: string; label: ReactNode; isShown?: boolean };

/** Tabs whose choice is part of the address. */
export function SectionTabs({
  base,
  active,
  sections,
}: {
  base: string;
  active: string;
  sections: Section[];
}) {
  const navigate = useNavigate();
  return (
    <Tabs
      activeKey={active}
      onChange={(key) => navigate({ to: `${base}/${key}` })}
      items={sections
        .filter((section) => section.isShown !== false)
        .map(({ key, label }) => ({ key, label }))}
      style={{ marginBottom: 4 }}
    />
  );
}
