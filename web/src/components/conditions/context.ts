import { createContext, use } from "react";
import type { Words } from "./phrases";

/** Catalogue and language for everything inside an editor. */
export const WordsContext = createContext<Words | null>(null);

export function useWords(): Words {
  const words = use(WordsContext);
  if (!words) throw new Error("useWords outside of WordsContext");
  return words;
}
