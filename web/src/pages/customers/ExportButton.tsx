import { DownloadOutlined } from "@ant-design/icons";
import { useMutation } from "@tanstack/react-query";
import { Button, Dropdown } from "antd";
import { noteSessionProblem, requestHeaders } from "@/api/client";
import { toProblemError } from "@/api/problem";
import { useFeedback } from "@/components/feedback";
import { useT } from "@/i18n";
import type { toQuery } from "./filters";

type Filter = ReturnType<typeof toQuery>;

export function exportAddress(filter: Filter, format: "csv" | "xlsx"): string {
  const parameters = new URLSearchParams({ format });
  for (const [name, value] of Object.entries(filter)) {
    if (Array.isArray(value)) for (const item of value) parameters.append(name, item);
    else if (value !== undefined) parameters.set(name, String(value));
  }
  return `/api/v1/customers/export?${parameters}`;
}

/** Fetched first and saved then, so that a refusal is told in words instead of becoming a file. */
async function download(address: string): Promise<void> {
  let response: Response;
  try {
    response = await fetch(address, { headers: requestHeaders() });
  } catch {
    throw toProblemError(null, 0);
  }
  if (!response.ok) {
    const error = toProblemError(await response.json().catch(() => null), response.status);
    noteSessionProblem(error);
    throw error;
  }
  const name =
    /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition") ?? "")?.[1] ?? "customers";
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await response.blob());
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

export function ExportButton({ filter }: { filter: Filter }) {
  const t = useT();
  const feedback = useFeedback();
  const save = useMutation({
    mutationFn: (format: "csv" | "xlsx") => download(exportAddress(filter, format)),
    onError: feedback.failed,
  });
  return (
    <Dropdown
      trigger={["click"]}
      menu={{
        items: [
          { key: "hint", disabled: true, label: t("customers.export_text") },
          { type: "divider" },
          { key: "xlsx", label: t("customers.export_xlsx") },
          { key: "csv", label: t("customers.export_csv") },
        ],
        onClick: ({ key }) => save.mutate(key as "csv" | "xlsx"),
      }}
    >
      <Button icon={<DownloadOutlined />} loading={save.isPending}>
        {t("action.export")}
      </Button>
    </Dropdown>
  );
}
