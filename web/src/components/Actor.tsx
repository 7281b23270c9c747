import { useQuery } from "@tanstack/react-query";
import { operatorsQuery } from "@/api/operators";
import { useMay } from "@/app/session";
import { useT } from "@/i18n";

/** Who did something ('operator:12', 'import:7', 'system'), by name where the reader may know the names. */
export function useActorName(): (actor: string) => string {
  const t = useT();
  const may = useMay();
  const operators = useQuery({ ...operatorsQuery, enabled: may("operators.manage"), staleTime: 60_000 });
  return (actor) => {
    const [kind, id = ""] = actor.split(":");
    if (kind === "operator") {
      const operator = operators.data?.find((candidate) => String(candidate.id) === id);
      return operator ? operator.display_name || operator.username : t("actor.operator", { id });
    }
    if (kind === "api_key") return t("actor.api_key", { id });
    if (kind === "import") return t("actor.import", { id });
    return kind === "system" ? t("actor.system") : actor;
  };
}

export function Actor({ actor }: { actor: string | null }) {
  const nameOf = useActorName();
  return <>{actor ? nameOf(actor) : "–"}</>;
}
