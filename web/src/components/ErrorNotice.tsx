import { Alert, Button } from "antd";
import type { CSSProperties } from "react";
import { ProblemError } from "@/api/problem";
import { type Translate, useT } from "@/i18n";

/** The words for an error: the server's own, already translated and saying what to do, or ours when none came. */
export function errorText(error: unknown, t: Translate): string {
  if (error instanceof ProblemError) {
    if (error.problem.detail) return error.problem.detail;
    if (error.code === "web.offline") return t("error.offline");
    if (error.code === "web.unavailable") return t("error.unavailable");
  }
  return t("error.unexpected");
}

type Props = { error: unknown; onRetry?: () => void; style?: CSSProperties };

export function ErrorNotice({ error, onRetry, style }: Props) {
  const t = useT();
  return (
    <Alert
      type="error"
      showIcon
      role="alert"
      style={style}
      title={errorText(error, t)}
      action={
        onRetry && (
          <Button size="small" onClick={onRetry}>
            {t("action.retry")}
          </Button>
        )
      }
    />
  );
}
