import { useEffect, useRef, useState } from "react";
import {
  type ConditionPreview,
  type ConditionProblem,
  checkCondition,
  previewCondition,
} from "@/api/segments";
import type { ConditionJson } from "./language";

const PAUSE_MS = 300;

export type Live = {
  problems: ConditionProblem[];
  /** The last count there is; of an earlier condition while `isStale`. */
  preview: ConditionPreview | null;
  isStale: boolean;
  isCounting: boolean;
  error: unknown;
  retry: () => void;
};

type Known = Pick<Live, "problems" | "preview" | "error"> & { of: string };

const NOTHING_YET: Known = { of: "", problems: [], preview: null, error: null };

/**
 * Checks and counts a condition while it is edited: once changes pause, and giving up what an older condition asked for.
 * The server ends an older count of the same editor as well, so that typing never piles up queries.
 */
export function useLiveCondition(condition: ConditionJson, zone: string | null): Live {
  const editor = useRef(crypto.randomUUID?.() ?? `e${Math.random().toString(36).slice(2)}`);
  const [known, setKnown] = useState<Known>(NOTHING_YET);
  const [attempt, setAttempt] = useState(0);
  const text = `${JSON.stringify(condition)} ${zone ?? ""} ${attempt}`;

  // biome-ignore lint/correctness/useExhaustiveDependencies: the text stands for the condition and the zone
  useEffect(() => {
    const abort = new AbortController();
    const run = async () => {
      const { problems } = await checkCondition(condition, abort.signal);
      if (abort.signal.aborted) return;
      if (problems.length > 0) {
        setKnown((old) => ({ ...old, of: text, problems, error: null }));
        return;
      }
      const preview = await previewCondition(condition, zone, editor.current, abort.signal);
      if (!abort.signal.aborted) setKnown({ of: text, problems, preview, error: null });
    };
    const timer = setTimeout(() => {
      run().catch((error: unknown) => {
        if (!abort.signal.aborted) setKnown((old) => ({ ...old, of: text, problems: [], error }));
      });
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [text]);

  const isCurrent = known.of === text;
  return {
    problems: known.problems,
    preview: known.preview,
    isStale: !isCurrent || known.problems.length > 0 || known.error !== null,
    isCounting: !isCurrent,
    error: isCurrent ? known.error : null,
    retry: () => setAttempt(attempt + 1),
  };
}
