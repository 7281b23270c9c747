import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Flex, Input, Select } from "antd";
import type { ReactNode } from "react";
import type { Column } from "./catalogue";
import { useWords } from "./context";
import { startFilter } from "./defaults";
import type { FilterJson, Test } from "./language";
import { TestInput } from "./TestInput";

type Props = {
  filters: FilterJson[];
  columns: Column[];
  /** The source whose values are suggested. */
  source: string;
  onChange: (filters: FilterJson[], part: string) => void;
  /** Whether the server found something wrong at this place below the filters. */
  isWrong: (tokens: string[]) => boolean;
  /** What else can be added to the row. */
  more?: ReactNode;
};

/** Which facts count: "where the SKU is …, and the store is …". */
export function FilterList({ filters, columns, source, onChange, isWrong, more }: Props) {
  const { t } = useWords().i18n;
  const { catalogue } = useWords();
  const first = columns[0];
  const set = (index: number, filter: FilterJson, part: string) =>
    onChange(filters.toSpliced(index, 1, filter), `${index} ${part}`);
  return (
    <Flex vertical gap={6} align="start" className="cond-filters">
      {filters.map((filter, i) => (
        <FilterRow
          key={i}
          filter={filter}
          columns={columns}
          source={source}
          onChange={(changed, part) => set(i, changed, part)}
          onRemove={() => onChange(filters.toSpliced(i, 1), "remove")}
          isWrong={(tokens) => isWrong([String(i), ...tokens])}
        />
      ))}
      <Flex wrap gap={6}>
        {first && (
          <Button
            size="small"
            type="dashed"
            icon={<PlusOutlined />}
            onClick={() => onChange([...filters, startFilter(catalogue, first)], "add")}
          >
            {t("conditions.add_filter")}
          </Button>
        )}
        {more}
      </Flex>
    </Flex>
  );
}

type RowProps = {
  filter: FilterJson;
  columns: Column[];
  source: string;
  onChange: (filter: FilterJson, part: string) => void;
  onRemove: () => void;
  isWrong: (tokens: string[]) => boolean;
};

function FilterRow({ filter, columns, source, onChange, onRemove, isWrong }: RowProps) {
  const { catalogue, i18n } = useWords();
  const { t } = i18n;
  const column = columns.find((candidate) => candidate.name === filter.column);
  const label = column?.label ?? filter.column;
  const property = filter.property === undefined ? {} : { property: filter.property };
  const setTest = (test: Test, part: string) =>
    onChange({ column: filter.column, ...property, ...test }, part);
  const choose = (name: string) => {
    const chosen = columns.find((candidate) => candidate.name === name);
    if (chosen) onChange(startFilter(catalogue, chosen), "column");
  };
  const suggestFrom = column?.suggests
    ? { source, column: filter.column, ...(filter.property ? { property: filter.property } : {}) }
    : null;
  return (
    <Flex wrap gap={6} align="center">
      <span className="secondary">{t("conditions.filter_where")}</span>
      <Select<string>
        showSearch={{ optionFilterProp: "label" }}
        aria-label={t("conditions.filter_column")}
        status={isWrong(["column"]) ? "error" : undefined}
        value={filter.column}
        onChange={choose}
        options={columns.map((candidate) => ({ value: candidate.name, label: candidate.label }))}
        popupMatchSelectWidth={false}
        style={{ minWidth: 110 }}
      />
      {column?.has_property && (
        <Input
          aria-label={t("conditions.property")}
          placeholder={t("conditions.property")}
          status={isWrong(["property"]) ? "error" : undefined}
          value={filter.property ?? ""}
          onChange={(event) => onChange({ ...filter, property: event.target.value }, "property")}
          style={{ width: 130 }}
        />
      )}
      <TestInput
        test={filter}
        subject={{ kind: column?.kind ?? "text", options: column?.options ?? [], suggestFrom }}
        onChange={setTest}
        label={label}
        isWrong={(part) => isWrong([part])}
      />
      <Button
        type="text"
        size="small"
        icon={<DeleteOutlined />}
        aria-label={t("conditions.remove_filter", { label })}
        onClick={onRemove}
      />
    </Flex>
  );
}
