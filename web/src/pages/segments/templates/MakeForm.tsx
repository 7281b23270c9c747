import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Alert, Button, Card, Flex, Form, Input } from "antd";
import { useId, useState } from "react";
import {
  type Blueprint,
  type Built,
  type Made,
  makeFromBlueprint,
  newSegmentSearch,
  type Settings,
} from "@/api/blueprints";
import { segmentsQuery } from "@/api/segments";
import { tagsQuery } from "@/api/tags";
import { useMay } from "@/app/session";
import { ErrorNotice } from "@/components/ErrorNotice";
import { useT } from "@/i18n";
import { freeKey } from "./settings";

const KEY_PATTERN = /^[a-z][a-z0-9_]{0,59}$/;
const NAME_MAX = 100;
const SIMILAR = 100;

type Props = { blueprint: Blueprint; settings: Settings; built: Built | undefined; isReady: boolean };

/** Makes the segment or tag under a name and key of one's own, and leads to it. */
export function MakeForm({ blueprint, settings, built, isReady }: Props) {
  const t = useT();
  const may = useMay();
  const id = useId();
  const queryClient = useQueryClient();
  const isSegment = blueprint.outcome === "segment";
  const similar = useQuery({
    ...segmentsQuery({ query: blueprint.name, page: 1, page_size: SIMILAR }),
    enabled: isSegment,
  });
  const tags = useQuery({ ...tagsQuery(true), enabled: !isSegment });
  const [name, setName] = useState(blueprint.title);
  const [ownKey, setOwnKey] = useState<string | null>(null);
  const taken = isSegment ? (similar.data?.items ?? []).map((segment) => segment.key) : [];
  const key = ownKey ?? freeKey(blueprint.name, taken);
  const present = tags.data?.items.find((tag) => tag.key === key);
  const isKeyFine = KEY_PATTERN.test(key);
  /** Until it is known what there is, the key proposed may be taken. */
  const isKnown = isSegment ? !similar.isPending : !tags.isPending;
  const make = useMutation({
    mutationFn: () => makeFromBlueprint(blueprint.name, { settings, key, name: name.trim() }),
    onSuccess: (made) =>
      Promise.all([
        queryClient.invalidateQueries({ queryKey: [made.outcome === "segment" ? "segments" : "tags"] }),
        queryClient.invalidateQueries({ queryKey: [made.outcome, made.id] }),
      ]),
  });
  const only = built?.values[0];
  if (!may("segments.write")) return null;
  if (make.data) return <Done made={make.data} onAgain={make.reset} />;
  return (
    <Card size="small" title={t(isSegment ? "blueprints.make_segment" : "blueprints.make_tag")}>
      {make.isError && <ErrorNotice error={make.error} style={{ marginBottom: 12 }} />}
      <Form layout="vertical" onFinish={() => make.mutate()}>
        <Form.Item label={t("segments.name")} htmlFor={`${id}name`} required style={{ marginBottom: 12 }}>
          <Input
            id={`${id}name`}
            maxLength={NAME_MAX}
            disabled={present !== undefined}
            value={present?.name ?? name}
            onChange={(event) => setName(event.target.value)}
          />
        </Form.Item>
        <Form.Item
          label={t("segments.key")}
          htmlFor={`${id}key`}
          required
          tooltip={t("segments.key_hint")}
          validateStatus={isKeyFine ? undefined : "error"}
          help={isKeyFine ? undefined : t("segments.key_rule")}
          style={{ marginBottom: 12 }}
        >
          <Input
            id={`${id}key`}
            className="mono"
            value={key}
            onChange={(event) => setOwnKey(event.target.value.trim())}
          />
        </Form.Item>
        {present && (
          <Alert
            type="warning"
            showIcon
            style={{ marginBottom: 12 }}
            title={t(present.kind === "computed" ? "blueprints.replaces_tag" : "blueprints.tag_is_other", {
              name: present.name,
            })}
          />
        )}
        <Flex wrap gap={8}>
          <Button
            type="primary"
            htmlType="submit"
            loading={make.isPending}
            disabled={!isReady || !isKnown || !isKeyFine || name.trim() === "" || present?.kind === "static"}
          >
            {t(
              present ? "blueprints.replace" : isSegment ? "blueprints.make_segment" : "blueprints.make_tag",
            )}
          </Button>
          {isSegment && only && (
            <Link to="/segments/new" search={newSegmentSearch(only.condition, name)}>
              <Button>{t("blueprints.open_editor")}</Button>
            </Link>
          )}
        </Flex>
      </Form>
    </Card>
  );
}

function Done({ made, onAgain }: { made: Made; onAgain: () => void }) {
  const t = useT();
  const isSegment = made.outcome === "segment";
  return (
    <Alert
      type="success"
      showIcon
      role="status"
      title={t(isSegment ? "blueprints.segment_made" : "blueprints.tag_made", { name: made.name })}
      description={
        <Flex vertical gap={10}>
          <span>{t(isSegment ? "segments.computing_text" : "blueprints.tag_counting")}</span>
          <Flex wrap gap={8}>
            <Link to={isSegment ? `/segments/${made.id}` : `/tags/${made.id}`}>
              <Button type="primary">
                {t(isSegment ? "blueprints.open_segment" : "blueprints.open_tag")}
              </Button>
            </Link>
            <Button onClick={onAgain}>{t("blueprints.again")}</Button>
          </Flex>
        </Flex>
      }
    />
  );
}
