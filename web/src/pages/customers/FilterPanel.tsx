import { FilterOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Badge, Button, DatePicker, Flex, Form, Input, InputNumber, Popover, Select } from "antd";
import dayjs from "dayjs";
import { useState } from "react";
import { type CustomerField, fieldsQuery } from "@/api/customers";
import { sourcesQuery } from "@/api/survivorship";
import { tagsQuery } from "@/api/tags";
import type { ListState } from "@/app/list-state";
import { useMay } from "@/app/session";
import { useI18n, useWord } from "@/i18n";
import { countFilters, FILTERS, IDENTIFIER_KINDS } from "./filters";

export function FilterPanel({ state }: { state: ListState }) {
  const { t } = useI18n();
  const [isOpen, setIsOpen] = useState(false);
  const count = countFilters(state);
  return (
    <Popover
      trigger="click"
      placement="bottomLeft"
      open={isOpen}
      onOpenChange={setIsOpen}
      content={isOpen && <FilterForm state={state} count={count} />}
    >
      <Badge count={count} size="small">
        <Button icon={<FilterOutlined />} aria-expanded={isOpen}>
          {t("customers.filters")}
        </Button>
      </Badge>
    </Popover>
  );
}

function FilterForm({ state, count }: { state: ListState; count: number }) {
  const { t, locale } = useI18n();
  const word = useWord();
  const may = useMay();
  const { search, set } = state;
  const sources = useQuery(sourcesQuery);
  const tags = useQuery({ ...tagsQuery(true), enabled: may("segments.read") });
  const fields = useQuery(fieldsQuery);
  const choosable = (fields.data?.items ?? []).filter(
    (field) =>
      field.is_custom && field.protection === "open" && (field.type === "choice" || field.type === "boolean"),
  );
  const clear = () =>
    set(
      Object.fromEntries(
        [...FILTERS, ...choosable.map((field) => `field.${field.name}`)].map((name) => [name, undefined]),
      ),
    );
  return (
    <Form
      layout="vertical"
      component="div"
      style={{ width: "min(320px, 80vw)", maxHeight: "70vh", overflow: "auto" }}
    >
      <Item label={t("customers.filter_orders")}>
        <Select
          allowClear
          placeholder={t("list.all")}
          value={search.orders}
          onChange={(orders) => set({ orders })}
          options={[
            { value: "yes", label: t("customers.filter_with_orders") },
            { value: "no", label: t("customers.filter_without_orders") },
          ]}
        />
      </Item>
      <Item label={t("customers.filter_last")}>
        <DatePicker.RangePicker
          allowEmpty
          value={[search.from ? dayjs(search.from) : null, search.to ? dayjs(search.to) : null]}
          onChange={(days) =>
            set({ from: days?.[0]?.format("YYYY-MM-DD"), to: days?.[1]?.format("YYYY-MM-DD") })
          }
          style={{ width: "100%" }}
        />
      </Item>
      <Flex gap={8}>
        <Item label={t("customers.filter_spend_min")}>
          <AmountInput
            value={search.min}
            onChange={(min) => set({ min })}
            label={t("customers.filter_spend_min")}
          />
        </Item>
        <Item label={t("customers.filter_spend_max")}>
          <AmountInput
            value={search.max}
            onChange={(max) => set({ max })}
            label={t("customers.filter_spend_max")}
          />
        </Item>
      </Flex>
      <Item label={t("customers.city")}>
        <Input
          allowClear
          defaultValue={search.city}
          onBlur={(event) => set({ city: event.target.value.trim() || undefined })}
          onPressEnter={(event) => set({ city: event.currentTarget.value.trim() || undefined })}
          onClear={() => set({ city: undefined })}
        />
      </Item>
      <Item label={t("customers.sources")}>
        <Select
          allowClear
          placeholder={t("list.all")}
          value={search.source}
          onChange={(source) => set({ source })}
          options={sources.data?.map((source) => ({ value: source, label: word("source", source) }))}
        />
      </Item>
      <Item label={t("tags.filter")}>
        <Select
          allowClear
          placeholder={t("list.all")}
          value={search.tag}
          onChange={(tag) => set({ tag })}
          showSearch={{ optionFilterProp: "label" }}
          options={(tags.data?.items ?? [])
            .filter(({ kind }) => kind === "static")
            .map(({ key, name, group_name }) => ({
              value: key,
              label: group_name ? `${group_name} · ${name}` : name,
            }))}
        />
      </Item>
      <Item label={t("customers.filter_identifier")}>
        <Select
          allowClear
          placeholder={t("list.all")}
          value={search.identifier}
          onChange={(identifier) => set({ identifier })}
          options={IDENTIFIER_KINDS.map((kind) => ({ value: kind, label: word("identifier_kind", kind) }))}
        />
      </Item>
      {choosable.map((field) => (
        <Item key={field.name} label={locale === "zh-CN" ? field.label_zh : field.label_en}>
          <Select
            allowClear
            placeholder={t("list.all")}
            value={search[`field.${field.name}`]}
            onChange={(value) => set({ [`field.${field.name}`]: value })}
            options={fieldOptions(field, locale, t("value.yes"), t("value.no"))}
          />
        </Item>
      ))}
      <Button type="link" disabled={count === 0} style={{ padding: 0 }} onClick={clear}>
        {t("list.clear")}
      </Button>
    </Form>
  );
}

function fieldOptions(field: CustomerField, locale: string, yes: string, no: string) {
  if (field.type === "boolean") {
    return [
      { value: "true", label: yes },
      { value: "false", label: no },
    ];
  }
  return field.options.map((option) => ({
    value: option.value,
    label: locale === "zh-CN" ? option.label_zh : option.label_en,
  }));
}

function Item({ label, children }: { label: string; children: React.ReactNode }) {
  return (
    <Form.Item label={label} style={{ marginBottom: 12, flex: 1 }}>
      {children}
    </Form.Item>
  );
}

type AmountProps = { value: string | undefined; onChange: (text: string | undefined) => void; label: string };

function AmountInput({ value, onChange, label }: AmountProps) {
  return (
    <InputNumber<string>
      stringMode
      aria-label={label}
      defaultValue={value}
      onBlur={(event) => onChange(event.target.value.replaceAll(",", "") || undefined)}
      onPressEnter={(event) => onChange(event.currentTarget.value.replaceAll(",", "") || undefined)}
      style={{ width: "100%" }}
    />
  );
}
