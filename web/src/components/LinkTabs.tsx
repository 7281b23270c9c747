import { Link } from "@tanstack/react-router";
import type { Search } from "@/app/search";

type Tab = { key: string; label: string; to: string; search?: Search };

/** Sections of a page as links: each has an address, and on a narrow screen they scroll sideways. */
export function LinkTabs({ label, active, tabs }: { label: string; active: string; tabs: Tab[] }) {
  return (
    <nav aria-label={label} className="link-tabs">
      {tabs.map((tab) => (
        <Link
          key={tab.key}
          to={tab.to}
          search={tab.search ?? {}}
          activeProps={{}}
          activeOptions={{ exact: true, explicitUndefined: true }}
          aria-current={tab.key === active ? "page" : "false"}
        >
          {tab.label}
        </Link>
      ))}
    </nav>
  );
}
