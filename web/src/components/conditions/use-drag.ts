import { type PointerEvent as ReactPointerEvent, useCallback, useEffect, useRef, useState } from "react";
import type { DropTarget } from "./rows";

const START_PX = 5;
const EDGE_PX = 60;
const SCROLL_PX = 12;

export type Drag = { id: string; target: DropTarget | null };

type Options = { onDrop: (id: string, target: DropTarget) => void; isFolded: (id: string) => boolean };

/**
 * Dragging a row by its handle, with mouse, pen or finger. Rows carry `data-row`, the lines that end a group `data-end`.
 * Keys do the same moves without any dragging, so nothing here has to be reachable by keyboard.
 */
export function useDrag({ onDrop, isFolded }: Options) {
  const [drag, setDrag] = useState<Drag | null>(null);
  const ghost = useRef<HTMLDivElement>(null);
  const stop = useRef<(() => void) | null>(null);
  const latest = useRef({ onDrop, isFolded });
  latest.current = { onDrop, isFolded };

  useEffect(() => () => stop.current?.(), []);

  const start = useCallback((id: string, event: ReactPointerEvent) => {
    if (event.button !== 0) return;
    event.preventDefault();
    const from = { x: event.clientX, y: event.clientY };
    let current: Drag | null = null;
    const finish = () => {
      window.removeEventListener("pointermove", onMove);
      window.removeEventListener("pointerup", onUp);
      window.removeEventListener("pointercancel", finish);
      window.removeEventListener("keydown", onKey, true);
      stop.current = null;
      setDrag(null);
    };
    const onMove = (move: PointerEvent) => {
      if (!current && Math.hypot(move.clientX - from.x, move.clientY - from.y) < START_PX) return;
      const target = targetAt(move.clientX, move.clientY, latest.current.isFolded);
      if (!current || !isSame(current.target, target)) {
        current = { id, target };
        setDrag(current);
      }
      scrollAtEdge(move.clientY);
      if (ghost.current) {
        ghost.current.style.transform = `translate(${move.clientX + 12}px, ${move.clientY + 8}px)`;
      }
    };
    const onUp = () => {
      const dropped = current;
      finish();
      if (dropped?.target) latest.current.onDrop(dropped.id, dropped.target);
    };
    const onKey = (key: KeyboardEvent) => {
      if (key.key !== "Escape") return;
      key.stopPropagation();
      finish();
    };
    window.addEventListener("pointermove", onMove);
    window.addEventListener("pointerup", onUp);
    window.addEventListener("pointercancel", finish);
    window.addEventListener("keydown", onKey, true);
    stop.current = finish;
  }, []);

  return { drag, start, ghost };
}

function targetAt(x: number, y: number, isFolded: (id: string) => boolean): DropTarget | null {
  const element = document.elementFromPoint(x, y)?.closest<HTMLElement>("[data-row], [data-end]");
  if (!element) return null;
  const { row, end } = element.dataset;
  if (end !== undefined) return { kind: "end", groupId: end };
  if (row === undefined) return null;
  const { top, height } = element.getBoundingClientRect();
  return { kind: "row", id: row, isUpperHalf: y < top + height / 2, isFolded: isFolded(row) };
}

function isSame(one: DropTarget | null, other: DropTarget | null): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function scrollAtEdge(y: number): void {
  if (y < EDGE_PX) window.scrollBy(0, -SCROLL_PX);
  else if (y > window.innerHeight - EDGE_PX) window.scrollBy(0, SCROLL_PX);
}
