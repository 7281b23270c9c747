import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo, useState } from "react";
import type { Search } from "./search";

export const PAGE_SIZES = [20, 50, 100] as const;

export type ListState = {
  search: Search;
  page: number;
  pageSize: number;
  /** The API's own word for the order, or undefined for its default. */
  sort: string | undefined;
  /** Changes what the address says; anything but the page itself leads back to the first page. */
  set: (patch: Search) => void;
};

function toPositive(text: string | undefined, fallback: number): number {
  const number = Number(text);
  return Number.isInteger(number) && number > 0 ? number : fallback;
}

/** State of a list, kept in the address so that it survives reloading, the back button and being sent to a colleague. */
export function useListState(): ListState {
  const search: Search = useSearch({ strict: false });
  const navigate = useNavigate();
  const set = useCallback(
    (patch: Search) => {
      const isOnlyColumns = Object.keys(patch).every((name) => name === "columns");
      navigate({
        to: ".",
        replace: !("page" in patch),
        resetScroll: "page" in patch,
        search: (old: Search) => ({
          ...old,
          ...("page" in patch || isOnlyColumns ? {} : { page: undefined }),
          ...patch,
        }),
      } as Parameters<typeof navigate>[0]);
    },
    [navigate],
  );
  return useMemo(() => toListState(search, set), [search, set]);
}

/** The same for a list inside of a page whose address names something else: it starts anew with the page. */
export function useLocalListState(): ListState {
  const [search, setSearch] = useState<Search>({});
  const set = useCallback(
    (patch: Search) =>
      setSearch((old) => ({ ...old, ...("page" in patch ? {} : { page: undefined }), ...patch })),
    [],
  );
  return useMemo(() => toListState(search, set), [search, set]);
}

function toListState(search: Search, set: ListState["set"]): ListState {
  const size = toPositive(search.size, PAGE_SIZES[0]);
  return {
    search,
    page: toPositive(search.page, 1),
    pageSize: (PAGE_SIZES as readonly number[]).includes(size) ? size : PAGE_SIZES[0],
    sort: search.sort,
    set,
  };
}
