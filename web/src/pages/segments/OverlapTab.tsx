import { Link } from "@tanstack/react-router";
import { Card, Flex } from "antd";
import { useState } from "react";
import type { SegmentDetail } from "@/api/segments";
import { useT } from "@/i18n";
import { OverlapMatrix } from "./OverlapMatrix";
import { SegmentChoice } from "./SegmentChoice";

/** The segment beside others of one's choice. */
export function OverlapTab({ segment }: { segment: SegmentDetail }) {
  const t = useT();
  const [others, setOthers] = useState<string[]>([]);
  const ids = [segment.id, ...others];
  return (
    <Card size="small">
      <Flex vertical gap={12}>
        <SegmentChoice ids={others} onChange={setOthers} without={segment.id} />
        <OverlapMatrix ids={ids} />
        <Link to="/segments/overlap" search={{ ids: ids.join(",") }}>
          {t("segments.to_algebra")}
        </Link>
      </Flex>
    </Card>
  );
}
