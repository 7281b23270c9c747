import type { Translate } from "@/i18n";
import { hasText } from "@/i18n";

/**
 * The evidence of a merge or review comes as masked text of one form: "phone 154****1439, unionid oD****20; erp_code differs".
 * The words of that form are shown in the page's language; the masked values stay as they are.
 */
export function evidenceText(evidence: string, t: Translate): string {
  const [shared = "", against = ""] = evidence.split("; ");
  const parts = shared.split(", ").map((part) => {
    const [kind = "", ...value] = part.split(" ");
    return [kindText(kind, t), ...value].join(" ");
  });
  const list = parts.join(t("merges.evidence_comma"));
  if (!against) return list;
  const reason =
    against === "kept apart before"
      ? t("merges.evidence_kept_apart")
      : t("merges.evidence_differs", { kind: kindText(against.replace(/ differs$/, ""), t) });
  return `${list}${t("merges.evidence_semicolon")}${reason}`;
}

function kindText(kind: string, t: Translate): string {
  const key = `identifier_kind.${kind}`;
  return hasText(key) ? t(key) : kind;
}
