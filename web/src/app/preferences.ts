import { useSyncExternalStore } from "react";

export type ThemeChoice = "system" | "light" | "dark";
export type LocaleChoice = "zh-CN" | "en";

type Stored = { theme: ThemeChoice; locale: LocaleChoice; isNavFolded: boolean };

/** Keys are shared with public/theme.js, which runs before the first paint. */
const KEYS: Record<keyof Stored, string> = {
  theme: "feilun.theme",
  locale: "feilun.locale",
  isNavFolded: "feilun.nav_folded",
};
const THEMES: readonly string[] = ["system", "light", "dark"];
const LOCALES: readonly string[] = ["zh-CN", "en"];

const listeners = new Set<() => void>();
const stillQuery = window.matchMedia("(prefers-reduced-motion: reduce)");
const darkQuery = window.matchMedia("(prefers-color-scheme: dark)");

function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; // Blocked storage only means that the choice lasts as long as the page.
  }
}

function write(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // See read().
  }
}

function load(): Stored {
  const theme = read(KEYS.theme);
  const locale = read(KEYS.locale);
  return {
    theme: THEMES.includes(theme ?? "") ? (theme as ThemeChoice) : "system",
    locale: LOCALES.includes(locale ?? "") ? (locale as LocaleChoice) : "zh-CN",
    isNavFolded: read(KEYS.isNavFolded) === "true",
  };
}

let current = load();

export const preferences = {
  get: (): Stored => current,
  set<K extends keyof Stored>(key: K, value: Stored[K]): void {
    current = { ...current, [key]: value };
    write(KEYS[key], String(value));
    for (const listener of listeners) listener();
  },
};

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  darkQuery.addEventListener("change", listener);
  return () => {
    listeners.delete(listener);
    darkQuery.removeEventListener("change", listener);
  };
}

export function usePreferences(): Stored {
  return useSyncExternalStore(subscribe, () => current);
}

/** Whether the person asked their system for less motion. */
export function useIsStill(): boolean {
  return useSyncExternalStore(
    (listener) => {
      stillQuery.addEventListener("change", listener);
      return () => stillQuery.removeEventListener("change", listener);
    },
    () => stillQuery.matches,
  );
}

/** The theme in force after following the system where the person asked for that. */
export function useIsDark(): boolean {
  return useSyncExternalStore(
    subscribe,
    () => current.theme === "dark" || (current.theme === "system" && darkQuery.matches),
  );
}
