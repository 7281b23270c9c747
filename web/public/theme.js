// Runs before the first paint, so that a dark page never flashes white. Kept out of the page itself: the content
// security policy allows no inline scripts. The key and values match src/app/preferences.ts.
(() => {
  let choice = "system";
  try {
    choice = localStorage.getItem("feilun.theme") ?? "system";
  } catch {
    // Storage may be blocked; the system's choice stands.
  }
  const isDark =
    choice === "dark" || (choice === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = isDark ? "dark" : "light";
})();
