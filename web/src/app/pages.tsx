import { Link } from "@tanstack/react-router";
import { Button, Result, Skeleton } from "antd";
import { ProblemError } from "@/api/problem";
import { errorText } from "@/components/ErrorNotice";
import { useT } from "@/i18n";

export function PagePending() {
  return (
    <div style={{ padding: 24 }}>
      <Skeleton active paragraph={{ rows: 8 }} />
    </div>
  );
}

export function NotFoundPage() {
  const t = useT();
  return (
    <Result
      status="404"
      title={t("error.not_found_title")}
      subTitle={t("error.not_found_text")}
      extra={
        <Link to="/">
          <Button type="primary">{t("error.home")}</Button>
        </Link>
      }
    />
  );
}

export function ForbiddenPage() {
  const t = useT();
  return <Result status="403" title={t("error.forbidden_title")} subTitle={t("error.forbidden_text")} />;
}

export function PageFailed({ error, reset }: { error: unknown; reset: () => void }) {
  const t = useT();
  const isOurs = error instanceof ProblemError;
  return (
    <Result
      status="warning"
      title={t("error.page_title")}
      subTitle={errorText(error, t)}
      extra={
        <Button type="primary" onClick={() => (isOurs ? reset() : window.location.reload())}>
          {t(isOurs ? "action.retry" : "error.reload")}
        </Button>
      }
    />
  );
}
