import { SearchOutlined } from "@ant-design/icons";
import { Button } from "antd";
import type { ListState } from "@/app/list-state";
import { useT } from "@/i18n";
import { EmptyState } from "./EmptyState";

const KEPT = ["sort", "size", "columns", "page"];

export function NothingFound({ state }: { state: ListState }) {
  const t = useT();
  const clear = () =>
    state.set(
      Object.fromEntries(
        Object.keys(state.search)
          .filter((name) => !KEPT.includes(name))
          .map((name) => [name, undefined]),
      ),
    );
  return (
    <EmptyState
      icon={<SearchOutlined />}
      title={t("list.nothing_found")}
      text={t("list.nothing_found_text")}
      action={<Button onClick={clear}>{t("list.clear")}</Button>}
    />
  );
}
