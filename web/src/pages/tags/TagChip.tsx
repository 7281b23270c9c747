import { Link } from "@tanstack/react-router";
import { Tag, theme } from "antd";

type Shown = { name: string; colour: string };

/** A tag as everybody sees it, with its value when it has one. */
export function TagChip({ tag, value, to }: { tag: Shown; value?: string | null; to?: string }) {
  const { token } = theme.useToken();
  const chip = (
    // The palette's own text colours (gold on cream) are too faint to read.
    <Tag
      color={tag.colour === "default" ? undefined : tag.colour}
      style={{ marginInlineEnd: 0, color: token.colorText }}
    >
      {tag.name}
      {value ? `：${value}` : ""}
    </Tag>
  );
  return to ? (
    <Link to="/tags/$tagId" params={{ tagId: to }}>
      {chip}
    </Link>
  ) : (
    chip
  );
}
