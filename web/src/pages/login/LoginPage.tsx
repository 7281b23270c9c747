import { GlobalOutlined } from "@ant-design/icons";
import { useQueryClient } from "@tanstack/react-query";
import { useRouter, useSearch } from "@tanstack/react-router";
import { Button, Card, Flex, Typography } from "antd";
import { useState } from "react";
import { type LocaleChoice, preferences, usePreferences } from "@/app/preferences";
import type { Search } from "@/app/search";
import { keepOwnLocale, type Session, sessionQuery } from "@/app/session";
import { LoginForm } from "@/components/LoginForm";
import { PageHead } from "@/components/PageHead";
import { useT } from "@/i18n";
import { EntryFrame } from "./EntryFrame";

/** Only addresses of our own are followed after the log-in. */
export function safeNext(next: string | undefined): string {
  return next?.startsWith("/") && !next.startsWith("//") && !next.startsWith("/\\") ? next : "/";
}

export function LoginPage() {
  const t = useT();
  const { locale } = usePreferences();
  const queryClient = useQueryClient();
  const router = useRouter();
  const search: Search = useSearch({ strict: false });

  const [chosen, setChosen] = useState<LocaleChoice | null>(null);

  function onLoggedIn(session: Session) {
    // A language chosen here a moment ago is what the person wants; else the account's own counts in any browser.
    if (chosen) keepOwnLocale(chosen).catch(() => undefined);
    else preferences.set("locale", session.operator.locale === "en" ? "en" : "zh-CN");
    queryClient.setQueryData(sessionQuery.queryKey, session);
    router.history.push(session.must_change_password ? "/password" : safeNext(search.next));
  }

  return (
    <EntryFrame>
      <Card style={{ width: "100%" }} styles={{ body: { padding: 28 } }}>
        <PageHead title={t("login.title")} />
        <LoginForm onLoggedIn={onLoggedIn} />
        <Typography.Paragraph type="secondary" style={{ margin: "16px 0 0", fontSize: 13 }}>
          {t("login.forgot")}
        </Typography.Paragraph>
      </Card>
      <Flex justify="center">
        <Button
          type="text"
          icon={<GlobalOutlined />}
          lang={locale === "zh-CN" ? "en" : "zh-CN"}
          onClick={() => {
            const other = locale === "zh-CN" ? "en" : "zh-CN";
            setChosen(other);
            preferences.set("locale", other);
          }}
        >
          {locale === "zh-CN" ? "English" : "简体中文"}
        </Button>
      </Flex>
    </EntryFrame>
  );
}
