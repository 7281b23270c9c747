import { type Dispatch, useMemo, useReducer, useState } from "react";
import { type EditorAction, type EditorState, reduceEditor, startEditor } from "./history";
import type { ConditionJson } from "./language";
import { newGroup, readCondition, writeCondition } from "./tree";

export type Editor = {
  state: EditorState;
  dispatch: Dispatch<EditorAction>;
  json: ConditionJson;
  /** Differs from what was loaded or last saved. */
  isChanged: boolean;
  load: (json: ConditionJson) => void;
  markSaved: () => void;
};

/** The editor's state lives with the page that saves it; the components only draw it. */
export function useConditionEditor(initial: ConditionJson | null): Editor {
  const [state, dispatch] = useReducer(reduceEditor, initial, (json) =>
    startEditor(json ? readCondition(json) : newGroup("all")),
  );
  const json = useMemo(() => writeCondition(state.root), [state.root]);
  const [saved, setSaved] = useState(() => JSON.stringify(json));
  return {
    state,
    dispatch,
    json,
    isChanged: useMemo(() => JSON.stringify(json) !== saved, [json, saved]),
    load: (wanted) => dispatch({ type: "load", root: readCondition(wanted) }),
    markSaved: () => setSaved(JSON.stringify(json)),
  };
}
