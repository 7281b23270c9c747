import { Flex, Tag } from "antd";
import type { Totals } from "@/api/accounts";
import { Money } from "@/components/values";
import { useT } from "@/i18n";

/** Amounts of different currencies stand one below the other: they are never added up. */
export function Amounts({ totals, of }: { totals: Totals[]; of: "open_amount" | "overdue_amount" }) {
  const owed = totals.filter((total) => Number(total[of]) !== 0);
  if (owed.length === 0) return <span className="secondary">–</span>;
  return (
    <Flex vertical align="end">
      {owed.map((total) => (
        <Money key={total.currency} amount={total[of]} currency={total.currency} />
      ))}
    </Flex>
  );
}

export function Overdue({ days }: { days: number }) {
  const t = useT();
  if (days === 0) return <span className="secondary">–</span>;
  return <Tag color="error">{t("accounts.days", { days })}</Tag>;
}

/** Of all its currencies the receivable that is overdue the longest. */
export function longestOverdue(totals: Totals[]): number {
  return Math.max(0, ...totals.map((total) => total.days_overdue));
}
