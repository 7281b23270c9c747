import { useQuery } from "@tanstack/react-query";
import { Select } from "antd";
import { segmentChoicesQuery } from "@/api/segments";
import { useT } from "@/i18n";

const COMPARED_MAX = 12;

type Props = { ids: string[]; onChange: (ids: string[]) => void; without?: string };

/** Segments to compare, by name. */
export function SegmentChoice({ ids, onChange, without }: Props) {
  const t = useT();
  const segments = useQuery(segmentChoicesQuery);
  const items = segments.data?.items ?? [];
  return (
    <Select<string[]>
      mode="multiple"
      aria-label={t("segments.overlap_choose")}
      placeholder={t("segments.overlap_choose")}
      value={ids}
      onChange={onChange}
      maxCount={without ? COMPARED_MAX - 1 : COMPARED_MAX}
      loading={segments.isFetching}
      showSearch={{ optionFilterProp: "label" }}
      options={items.filter(({ id }) => id !== without).map(({ id, name }) => ({ value: id, label: name }))}
      style={{ width: "100%", maxWidth: 720 }}
    />
  );
}
