import { type ThemeConfig, theme } from "antd";

const FONT =
  "-apple-system, BlinkMacSystemFont, 'Segoe UI', 'PingFang SC', 'Hiragino Sans GB', 'Microsoft YaHei', 'Noto Sans CJK SC', 'Noto Sans SC', 'WenQuanYi Micro Hei', sans-serif";

/** Calm and dense: neutral greys, one blue, small radii; numbers in tables line up (tabular figures, see app.css). */
export function buildTheme(isDark: boolean): ThemeConfig {
  return {
    algorithm: isDark ? theme.darkAlgorithm : theme.defaultAlgorithm,
    token: {
      colorPrimary: isDark ? "#4d80f0" : "#2757c9",
      colorInfo: isDark ? "#4d80f0" : "#2757c9",
      colorLink: isDark ? "#7ba3ff" : "#2757c9",
      colorSuccess: isDark ? "#3fae74" : "#157f4a",
      colorWarning: isDark ? "#d89a2b" : "#b26a00",
      colorError: isDark ? "#f06a6a" : "#c9302c",
      colorBgLayout: isDark ? "#101216" : "#f5f6f8",
      colorBgContainer: isDark ? "#181b21" : "#ffffff",
      colorBgElevated: isDark ? "#21252d" : "#ffffff",
      colorBorderSecondary: isDark ? "#2a2f38" : "#eceef2",
      colorTextBase: isDark ? "#e6e9ef" : "#1b2230",
      colorTextSecondary: isDark ? "#a5adba" : "#556070",
      colorTextTertiary: isDark ? "#8d96a5" : "#667080",
      colorTextDescription: isDark ? "#a0a8b6" : "#5d6776",
      colorTextPlaceholder: isDark ? "#7d8695" : "#737d8c",
      ...(isDark ? {} : { colorSuccessBg: "#e8f6ee", colorSuccessBorder: "#b5e0c6", colorWarningBg: "#fdf3e1" }),
      borderRadius: 6,
      fontFamily: FONT,
    },
    components: {
      Layout: { siderBg: isDark ? "#14171c" : "#ffffff", headerBg: isDark ? "#14171c" : "#ffffff" },
      Menu: { itemBg: "transparent", subMenuItemBg: "transparent", itemHeight: 38, activeBarBorderWidth: 0 },
      Table: { cellPaddingBlockMD: 9, cellPaddingInlineMD: 12, headerBg: isDark ? "#1d2128" : "#fafbfc" },
      Card: { headerHeight: 46, headerPadding: 16, bodyPadding: 16 },
      Descriptions: { itemPaddingBottom: 10 },
    },
  };
}
