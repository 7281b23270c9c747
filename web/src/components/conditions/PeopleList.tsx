import { Link } from "@tanstack/react-router";
import { Tag } from "antd";
import type { CustomerRow } from "@/api/customers";
import { formatPhone, Moment, Money } from "@/components/values";
import { useT } from "@/i18n";

/** A few people with what tells them apart; each leads to the customer. */
export function PeopleList({ people, isMasked }: { people: readonly CustomerRow[]; isMasked: boolean }) {
  const t = useT();
  return (
    <>
      <ul className="cond-people">
        {people.map((row) => (
          <li key={row.id}>
            <Link to="/customers/$customerId" params={{ customerId: row.id }}>
              {row.name ?? row.nickname ?? <span className="mono">{row.id}</span>}
            </Link>
            <span className="num secondary">{row.phone ? formatPhone(row.phone) : (row.city ?? "")}</span>
            <span className="secondary">
              <Money amount={row.net_spend} currency={row.currency} /> ·{" "}
              <Moment at={row.last_ordered_at} withTime={false} />
            </span>
          </li>
        ))}
      </ul>
      {isMasked && <Tag>{t("customers.masked")}</Tag>}
    </>
  );
}
