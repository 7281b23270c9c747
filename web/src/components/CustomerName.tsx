import { Link } from "@tanstack/react-router";
import { useT } from "@/i18n";

/** Leads to a customer by name; someone without a name is called that, and the id tells them apart. */
export function CustomerName({ id, name }: { id: string; name: string | undefined }) {
  const t = useT();
  return (
    <Link to="/customers/$customerId" params={{ customerId: id }} title={id}>
      {name ?? (
        <>
          {t("customers.unnamed")} <span className="mono secondary">{id}</span>
        </>
      )}
    </Link>
  );
}
