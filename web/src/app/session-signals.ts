/** How the API client tells the pages that a session needs attention, without importing any page. */
export type SessionSignal = "ended" | "password_required";

const listeners = new Set<(signal: SessionSignal) => void>();

export const sessionSignals = {
  emit(signal: SessionSignal): void {
    for (const listener of listeners) listener(signal);
  },
  subscribe(listener: (signal: SessionSignal) => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};
