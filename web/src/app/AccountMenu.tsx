import {
  BgColorsOutlined,
  GlobalOutlined,
  KeyOutlined,
  LogoutOutlined,
  UserOutlined,
} from "@ant-design/icons";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Avatar, Button, Dropdown, type MenuProps } from "antd";
import { client, send } from "@/api/client";
import { useFeedback } from "@/components/feedback";
import { useT, useWord } from "@/i18n";
import { type LocaleChoice, preferences, type ThemeChoice, usePreferences } from "./preferences";
import { keepOwnLocale, type Session, sessionQuery } from "./session";

export function AccountMenu({ session, isNarrow }: { session: Session; isNarrow: boolean }) {
  const t = useT();
  const word = useWord();
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  const feedback = useFeedback();
  const { theme, locale } = usePreferences();
  const logOut = useMutation({
    mutationFn: () => send(client.DELETE("/api/v1/session")),
    onSuccess: () => {
      queryClient.clear();
      queryClient.setQueryData(sessionQuery.queryKey, null);
      navigate({ to: "/login" });
    },
    onError: feedback.failed,
  });
  const { operator } = session;
  const name = operator.display_name || operator.username;

  const items: MenuProps["items"] = [
    {
      key: "who",
      type: "group",
      label: `${operator.username} · ${word("role", operator.role)}`,
      children: [
        {
          key: "theme",
          icon: <BgColorsOutlined />,
          label: t("account.theme"),
          children: [
            { key: "theme:system", label: t("account.theme_system") },
            { key: "theme:light", label: t("account.theme_light") },
            { key: "theme:dark", label: t("account.theme_dark") },
          ],
        },
        {
          key: "locale",
          icon: <GlobalOutlined />,
          label: t("account.language"),
          children: [
            { key: "locale:zh-CN", label: "简体中文" },
            { key: "locale:en", label: "English" },
          ],
        },
        { key: "password", icon: <KeyOutlined />, label: t("account.password") },
      ],
    },
    { type: "divider" },
    { key: "logout", icon: <LogoutOutlined />, label: t("account.logout") },
  ];

  const onClick: MenuProps["onClick"] = ({ key }) => {
    const [group, value = ""] = key.split(":");
    if (group === "theme") preferences.set("theme", value as ThemeChoice);
    if (group === "locale") {
      preferences.set("locale", value as LocaleChoice);
      keepOwnLocale(value as LocaleChoice).catch(feedback.failed);
      queryClient.invalidateQueries(); // Some texts (labels, messages) come from the server in the page's language.
    }
    if (group === "password") navigate({ to: "/password" });
    if (group === "logout") logOut.mutate();
  };

  return (
    <Dropdown
      trigger={["click"]}
      menu={{ items, onClick, selectedKeys: [`theme:${theme}`, `locale:${locale}`] }}
    >
      <Button type="text" aria-label={t("account.menu")} style={{ paddingInline: 8 }}>
        <Avatar
          size={24}
          icon={<UserOutlined />}
          style={{ background: "var(--accent-soft)", color: "var(--accent)" }}
        />
        {!isNarrow && (
          <span style={{ maxWidth: 160, overflow: "hidden", textOverflow: "ellipsis" }}>{name}</span>
        )}
      </Button>
    </Dropdown>
  );
}
