import { type ThemeConfig, theme } from "antd";

const FONT =
  "-apple-system, BlinkMacSystemFont, 'Segoe UI', 'PingFang SC', 'Hiragino Sans GB', 'Microsoft YaHei', 'Noto Sans CJK SC', 'Noto Sans SC', 'WenQuanYi Micro Hei', sans-serif";

type Palette = { token: ThemeConfig["token"]; bar: string; tableHead: string; chosen: string };

const light: Palette = {
  token: {
    colorPrimary: "#2757c9",
    colorInfo: "#2757c9",
    colorLink: "#2757c9",
    colorSuccess: "#157f4a",
    colorSuccessBg: "#e8f6ee",
    colorSuccessBorder: "#b5e0c6",
    colorWarning: "#9a5b00",
    colorWarningBg: "#fdf3e1",
    colorError: "#c9302c",
    colorBgLayout: "#f5f6f8",
    colorBorderSecondary: "#eceef2",
    colorTextBase: "#1b2230",
    colorTextSecondary: "#556070",
    colorTextTertiary: "#667080",
    colorTextDescription: "#5d6776",
    colorTextPlaceholder: "#6b7584",
  },
  bar: "#ffffff",
  tableHead: "#fafbfc",
  chosen: "#2757c9",
};

const dark: Palette = {
  token: {
    colorPrimary: "#4d80f0",
    colorInfo: "#7ba3ff",
    colorLink: "#7ba3ff",
    colorSuccess: "#3fae74",
    colorWarning: "#d89a2b",
    colorError: "#ff7f7f",
    colorBgLayout: "#101216",
    colorBgContainer: "#181b21",
    colorBgElevated: "#21252d",
    colorBorderSecondary: "#2a2f38",
    colorTextBase: "#e6e9ef",
    colorTextSecondary: "#a5adba",
    colorTextTertiary: "#8d96a5",
    colorTextDescription: "#a0a8b6",
    colorTextPlaceholder: "#8b94a3",
  },
  bar: "#14171c",
  tableHead: "#1d2128",
  chosen: "#7ba3ff",
};

/** Calm and dense: neutral greys, one blue, small radii; figures in tables line up (see app.css). */
export function buildTheme(isDark: boolean, isStill: boolean): ThemeConfig {
  const { token, bar, tableHead, chosen } = isDark ? dark : light;
  return {
    algorithm: isDark ? theme.darkAlgorithm : theme.defaultAlgorithm,
    // Shortening animations by CSS alone leaves menus waiting for their end, out of sight.
    token: { ...token, motion: !isStill, borderRadius: 6, fontFamily: FONT },
    components: {
      Layout: { siderBg: bar, headerBg: bar },
      Menu: {
        itemBg: "transparent",
        subMenuItemBg: "transparent",
        itemHeight: 38,
        activeBarBorderWidth: 0,
        itemSelectedColor: chosen,
      },
      Table: { cellPaddingBlockMD: 9, cellPaddingInlineMD: 12, headerBg: tableHead },
      Card: { headerHeight: 46, headerPadding: 16, bodyPadding: 16 },
      Descriptions: { itemPaddingBottom: 10 },
    },
  };
}
