import { Link } from "@tanstack/react-router";
import type { Schemas } from "@/api/client";
import type { RecordKind } from "@/api/imports";
import { Num } from "@/components/values";
import { useT } from "@/i18n";
import { useLabel } from "./labels";

type Props = { kind: RecordKind | undefined; reasons: Schemas["ReasonOut"][]; importId?: string };

/** How many rows were rejected for which reason; of a real import each leads to those rows. */
export function ReasonList({ kind, reasons, importId }: Props) {
  const t = useT();
  const label = useLabel();
  const nameOf = (name: string | null) => {
    const field = kind?.fields.find((candidate) => candidate.name === name);
    return field ? label(field.label) : (name ?? "–");
  };
  return (
    <table className="plain-table">
      <thead>
        <tr>
          <th scope="col">{t("import.reason")}</th>
          <th scope="col">{t("import.field")}</th>
          <th scope="col" style={{ textAlign: "right" }}>
            {t("import.reason_rows")}
          </th>
          {importId && <th scope="col" />}
        </tr>
      </thead>
      <tbody>
        {reasons.map((reason) => (
          <tr key={`${reason.code} ${reason.field}`}>
            <td>{reason.message}</td>
            <td>{nameOf(reason.field)}</td>
            <td style={{ textAlign: "right" }}>
              <Num value={reason.rows} />
            </td>
            {importId && (
              <td style={{ textAlign: "right" }}>
                <Link
                  to="/data/$section"
                  params={{ section: "dead-letters" }}
                  search={{ import_id: importId, code: reason.code, field: reason.field ?? undefined }}
                >
                  {t("import.show_letters")}
                </Link>
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
