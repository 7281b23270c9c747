import { Card, type CardProps } from "antd";

/** A card that holds a list edge to edge. */
export function Panel(props: CardProps) {
  return <Card {...props} styles={{ body: { padding: 0 } }} />;
}
