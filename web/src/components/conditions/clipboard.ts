/**
 * Copied conditions go to the system's clipboard as text, so that they pass between pages, browsers and chat windows.
 * Where the browser refuses that (no permission, no https), the last copied text is kept here.
 */
let kept = "";

export function keepText(text: string): void {
  kept = text;
}

export const keptText = (): string => kept;

export async function copyText(text: string): Promise<void> {
  kept = text;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // What is kept above serves this page.
  }
}

export async function clipboardText(): Promise<string> {
  try {
    return (await navigator.clipboard.readText()) || kept;
  } catch {
    return kept;
  }
}
