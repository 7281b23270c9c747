import type { Tag } from "@/api/tags";
import { useT } from "@/i18n";

/** How long a tag lasts, in words. */
export function Validity({ tag }: { tag: Tag }) {
  const t = useT();
  if (tag.valid_days !== null) return <>{t("tags.days", { count: tag.valid_days })}</>;
  if (tag.valid_until !== null) return <>{t("tags.until", { day: tag.valid_until })}</>;
  return <span className="secondary">{t("tags.validity_none")}</span>;
}
