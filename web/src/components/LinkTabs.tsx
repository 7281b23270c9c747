import { Link } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import type { Search } from "@/app/search";

type Tab = { key: string; label: string; to: string; search?: Search };

/** Sections of a page as links: each has an address, and on a narrow screen they scroll sideways. */
export function LinkTabs({ label, active, tabs }: { label: string; active: string; tabs: Tab[] }) {
  const row = useRef<HTMLElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the chosen tab is found by its mark, which `active` moves
  useEffect(() => {
    const chosen = row.current?.querySelector<HTMLElement>('[aria-current="page"]');
    if (row.current && chosen) {
      const end = chosen.offsetLeft + chosen.offsetWidth - row.current.offsetLeft;
      row.current.scrollLeft = Math.max(0, end - row.current.clientWidth + 16);
    }
  }, [active]);
  return (
    <nav aria-label={label} className="link-tabs" ref={row}>
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
