import type { ConditionJson } from "@/components/conditions/language";
import { readCondition } from "@/components/conditions/tree";

/** The condition an address asks to start from; nothing when there is none or it cannot be read. */
export function conditionFromAddress(text: string | undefined): ConditionJson | null {
  if (!text) return null;
  try {
    const json = JSON.parse(text) as ConditionJson;
    readCondition(json);
    return json;
  } catch {
    return null; // An address shortened on its way opens an empty editor rather than a broken page.
  }
}
