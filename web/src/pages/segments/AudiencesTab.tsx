import type { SegmentDetail } from "@/api/segments";
import { useLocalListState } from "@/app/list-state";
import { AudienceList } from "./AudienceList";

export function AudiencesTab({ segment }: { segment: SegmentDetail }) {
  return <AudienceList state={useLocalListState()} segmentId={segment.id} />;
}
