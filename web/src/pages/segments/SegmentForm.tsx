import { Form, Input, Radio, Select } from "antd";
import { useId } from "react";
import { useT } from "@/i18n";
import { KEY_PATTERN, type SegmentMeta } from "./meta";
import "./segments.css";

const NAME_MAX = 200;
const DESCRIPTION_MAX = 2_000;

type Props = {
  meta: SegmentMeta;
  onChange: (patch: Partial<SegmentMeta>) => void;
  isNew: boolean;
  withNote: boolean;
};

/** What a segment is called and what it is for. */
export function SegmentForm({ meta, onChange, isNew, withNote }: Props) {
  const t = useT();
  const id = useId();
  const isKeyFine = KEY_PATTERN.test(meta.key);
  return (
    <Form layout="vertical" component="div" className="settings-grid">
      <Form.Item label={t("segments.name")} htmlFor={`${id}name`} required style={{ marginBottom: 12 }}>
        <Input
          id={`${id}name`}
          maxLength={NAME_MAX}
          placeholder={t("segments.name_hint")}
          value={meta.name}
          onChange={(event) => onChange({ name: event.target.value })}
        />
      </Form.Item>
      <Form.Item label={t("segments.description")} htmlFor={`${id}text`} style={{ marginBottom: 12 }}>
        <Input
          id={`${id}text`}
          maxLength={DESCRIPTION_MAX}
          placeholder={t("segments.description_hint")}
          value={meta.description}
          onChange={(event) => onChange({ description: event.target.value })}
        />
      </Form.Item>
      {isNew && (
        <Form.Item label={t("segments.kind")} required style={{ marginBottom: 12 }}>
          <Radio.Group
            aria-label={t("segments.kind")}
            value={meta.kind}
            onChange={(event) => onChange({ kind: event.target.value })}
            options={[
              { value: "dynamic", label: t("segment_kind.dynamic") },
              { value: "static", label: t("segment_kind.static") },
            ]}
          />
        </Form.Item>
      )}
      {withNote && (
        <Form.Item label={t("segments.note")} htmlFor={`${id}note`} style={{ marginBottom: 12 }}>
          <Input
            id={`${id}note`}
            maxLength={NAME_MAX}
            placeholder={t("segments.note_hint")}
            value={meta.note}
            onChange={(event) => onChange({ note: event.target.value })}
          />
        </Form.Item>
      )}
      <details className="segment-more" open={!isKeyFine || undefined}>
        <summary>{t("segments.more")}</summary>
        <div className="settings-grid">
          <Form.Item
            label={t("segments.key")}
            required
            htmlFor={`${id}key`}
            tooltip={t("segments.key_hint")}
            validateStatus={isKeyFine ? undefined : "error"}
            help={isKeyFine ? undefined : t("segments.key_rule")}
            style={{ marginBottom: 12 }}
          >
            <Input
              id={`${id}key`}
              className="mono"
              disabled={!isNew}
              value={meta.key}
              onChange={(event) => onChange({ key: event.target.value.trim() })}
            />
          </Form.Item>
          <Form.Item
            label={t("segments.zone")}
            htmlFor={`${id}zone`}
            tooltip={t("segments.zone_hint")}
            style={{ marginBottom: 12 }}
          >
            <Select<string>
              id={`${id}zone`}
              showSearch
              value={meta.zone}
              onChange={(zone) => onChange({ zone })}
              options={[
                { value: "", label: t("segments.zone_usual") },
                ...Intl.supportedValuesOf("timeZone").map((zone) => ({ value: zone, label: zone })),
              ]}
            />
          </Form.Item>
        </div>
      </details>
    </Form>
  );
}
