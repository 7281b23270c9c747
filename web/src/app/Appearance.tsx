import { App, ConfigProvider, type ConfigProviderProps } from "antd";
import dayjs from "dayjs";
import { type ReactNode, useEffect, useMemo, useState } from "react";
import { createI18n, I18nContext } from "@/i18n";
import { type LocaleChoice, useIsDark, useIsStill, usePreferences } from "./preferences";
import { buildTheme } from "./theme";

type AntdLocale = NonNullable<ConfigProviderProps["locale"]>;

async function loadAntdLocale(locale: LocaleChoice): Promise<AntdLocale> {
  const isChinese = locale === "zh-CN";
  const [antd] = await Promise.all([
    isChinese ? import("antd/es/locale/zh_CN") : import("antd/es/locale/en_US"),
    isChinese ? import("dayjs/locale/zh-cn") : import("dayjs/locale/en"),
  ]);
  return antd.default;
}

/** Language and theme for everything below; waits for the component library's texts in the chosen language. */
export function Appearance({ children }: { children: ReactNode }) {
  const { locale } = usePreferences();
  const isDark = useIsDark();
  const isStill = useIsStill();
  const [loaded, setLoaded] = useState<{ locale: LocaleChoice; antd: AntdLocale } | null>(null);

  useEffect(() => {
    let isCurrent = true;
    loadAntdLocale(locale).then((antd) => {
      if (!isCurrent) return;
      dayjs.locale(locale === "zh-CN" ? "zh-cn" : "en");
      document.documentElement.lang = locale;
      setLoaded({ locale, antd });
    });
    return () => {
      isCurrent = false;
    };
  }, [locale]);

  useEffect(() => {
    document.documentElement.dataset.theme = isDark ? "dark" : "light";
  }, [isDark]);

  const theme = useMemo(() => buildTheme(isDark, isStill), [isDark, isStill]);
  const i18n = useMemo(() => createI18n(loaded?.locale ?? locale), [loaded, locale]);
  if (!loaded) return null;
  return (
    <I18nContext value={i18n}>
      <ConfigProvider
        locale={loaded.antd}
        theme={theme}
        button={{ autoInsertSpace: false }}
        form={{ requiredMark: "optional", scrollToFirstError: true }}
      >
        <App component={false} message={{ duration: 3 }}>
          {children}
        </App>
      </ConfigProvider>
    </I18nContext>
  );
}
