import { useQuery } from "@tanstack/react-query";
import { Card, Skeleton } from "antd";
import { useEffect, useMemo } from "react";
import { catalogueQuery } from "@/api/segments";
import { ErrorNotice } from "@/components/ErrorNotice";
import { useI18n } from "@/i18n";
import { ConditionEditor } from "./ConditionEditor";
import { indexCatalogue } from "./catalogue";
import { WordsContext } from "./context";
import { LiveCount, LivePanel } from "./LivePanel";
import type { Editor } from "./use-editor";
import { type Live, useLiveCondition } from "./use-live";

type Props = {
  editor: Editor;
  zone?: string | null;
  label: string;
  /** Tells the page what is known of the condition, so that it can refuse to save a broken one. */
  onLive?: (live: Live) => void;
};

/** The editor beside its live count, sentence, sample and test: what segments, computed tags and journeys put on their pages. */
export function ConditionWorkbench({ editor, zone = null, label, onLive }: Props) {
  const i18n = useI18n();
  const catalogue = useQuery(catalogueQuery(i18n.locale));
  const live = useLiveCondition(editor.json, zone);
  const words = useMemo(
    () => catalogue.data && { catalogue: indexCatalogue(catalogue.data), i18n },
    [catalogue.data, i18n],
  );

  // biome-ignore lint/correctness/useExhaustiveDependencies: only what the page decides by
  useEffect(() => onLive?.(live), [live.problems, live.isCounting, live.preview]);

  if (catalogue.isError && !catalogue.data) {
    return <ErrorNotice error={catalogue.error} onRetry={catalogue.refetch} />;
  }
  if (!words) return <Skeleton active paragraph={{ rows: 6 }} />;
  return (
    <WordsContext value={words}>
      <div className="cond-workbench">
        <Card className="cond-main" size="small">
          <ConditionEditor editor={editor} problems={live.problems} label={label} />
        </Card>
        <LiveCount live={live} />
        <LivePanel live={live} condition={editor.json} zone={zone} />
      </div>
    </WordsContext>
  );
}
