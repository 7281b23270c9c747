import { Card, type CardProps } from "antd";
import { useEffect, useRef } from "react";

const SCROLLING = ".ant-table-content, .ant-table-body";
const MEASURE = ".ant-table-measure-row";

/**
 * A card that holds a list edge to edge. What is wider than the card can be scrolled by keyboard; the table's hidden
 * row for measuring, which repeats the head with its boxes, cannot be reached.
 */
export function Panel(props: CardProps) {
  const card = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = card.current;
    if (!element) return;
    const observer = new ResizeObserver(() => {
      for (const scrolling of element.querySelectorAll<HTMLElement>(SCROLLING)) {
        if (scrolling.scrollWidth > scrolling.clientWidth) scrolling.tabIndex = 0;
        else scrolling.removeAttribute("tabindex");
      }
      for (const row of element.querySelectorAll<HTMLElement>(MEASURE)) row.inert = true;
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return <Card {...props} ref={card} styles={{ body: { padding: 0 } }} />;
}
