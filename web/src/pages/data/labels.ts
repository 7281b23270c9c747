import { useI18n } from "@/i18n";

type Label = { zh: string; en: string };

/** Labels of fields and options come from the server in both languages. */
export function useLabel(): (label: Label) => string {
  const { locale } = useI18n();
  return (label) => (locale === "zh-CN" ? label.zh : label.en);
}
