import { useQuery } from "@tanstack/react-query";
import { actorsQuery } from "@/api/names";
import { useT } from "@/i18n";

/** Who did something ('operator:12', 'import:7', 'system'), by name. */
export function useActorName(): (actor: string) => string {
  const t = useT();
  const actors = useQuery(actorsQuery);
  return (actor) => {
    const [kind, id = ""] = actor.split(":");
    const name = actors.data?.find((candidate) => candidate.actor === actor)?.name;
    if (kind === "operator") return name ?? t("actor.operator", { id });
    if (kind === "api_key") return name ? t("actor.api_key_named", { name }) : t("actor.api_key", { id });
    if (kind === "import") return t("actor.import", { id });
    return kind === "system" ? t("actor.system") : actor;
  };
}

export function Actor({ actor }: { actor: string | null }) {
  const nameOf = useActorName();
  return <>{actor ? nameOf(actor) : "–"}</>;
}
