import { useQuery } from "@tanstack/react-query";
import { Alert, Card, Flex } from "antd";
import type { Schemas } from "@/api/client";
import { identifiersQuery, mergesQuery } from "@/api/identity";
import { sidesAfterSplit } from "@/components/identity/components-of";
import { useT, useWord } from "@/i18n";

/** Who would have which identifiers after the split, worked out from the merges that remain. */
export function SplitPreview({ merge, customerId }: { merge: Schemas["MergeOut"]; customerId: string }) {
  const t = useT();
  const word = useWord();
  const merges = useQuery(mergesQuery(customerId));
  const identifiers = useQuery(identifiersQuery(customerId));
  if (!merges.data || !identifiers.data) return null;
  const sides = sidesAfterSplit(merges.data.items, merge);
  if (!sides.isSeparated) {
    return <Alert type="warning" showIcon title={t("merges.split_held")} style={{ marginBottom: 16 }} />;
  }
  return (
    <Flex gap={12} wrap style={{ marginBottom: 16 }}>
      {[sides.left, sides.right].map((records, index) => (
        <Card
          key={records.join()}
          size="small"
          title={t(index === 0 ? "reviews.left" : "reviews.right")}
          style={{ flex: "1 1 220px" }}
        >
          <div className="secondary">{t("merges.split_side", { count: records.length })}</div>
          {identifiers.data.items
            .filter((identifier) => records.includes(identifier.record_id))
            .map((identifier) => (
              <div
                key={`${identifier.kind} ${identifier.scope} ${identifier.value}`}
                className="wrap-anywhere"
              >
                {word("identifier_kind", identifier.kind)}: <span className="mono">{identifier.value}</span>
              </div>
            ))}
        </Card>
      ))}
    </Flex>
  );
}
