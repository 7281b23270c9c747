import { DownOutlined, RightOutlined } from "@ant-design/icons";
import { Button, Card, Flex, Grid, Pagination, Skeleton, Table, type TableProps } from "antd";
import { type Key, type ReactNode, useState } from "react";
import { type ListState, PAGE_SIZES } from "@/app/list-state";
import { useT } from "@/i18n";
import { ErrorNotice } from "./ErrorNotice";

export type Column<Row> = {
  key: string;
  title: string;
  render: (row: Row) => ReactNode;
  align?: "right" | "center";
  width?: number;
  /** The API's words for ordering by this column. */
  sort?: { asc?: string; desc?: string };
  /** Shown only when chosen. */
  isOptional?: boolean;
  /** Cannot be hidden: it names the row. */
  isFixed?: boolean;
};

export type PageOf<Row> = { items: Row[]; total: number; page: number; page_size: number };

type Props<Row> = {
  columns: Column<Row>[];
  rowKey: (row: Row) => string | number;
  query: {
    data: PageOf<Row> | undefined;
    isPending: boolean;
    isPlaceholderData?: boolean;
    error: unknown;
    refetch: () => unknown;
  };
  state: ListState;
  empty: ReactNode;
  selection?: { keys: Key[]; onChange: (keys: Key[]) => void };
  /** Details under a row, loaded when they are opened. */
  expand?: { label: (isOpen: boolean) => string; render: (row: Row) => ReactNode };
};

/** The columns the address asks for; the usual ones when it names none. */
export function shownColumns<Row>(columns: Column<Row>[], chosen: string | undefined): Column<Row>[] {
  if (chosen === undefined) return columns.filter((column) => !column.isOptional);
  const keys = new Set(chosen.split(","));
  return columns.filter((column) => column.isFixed || keys.has(column.key));
}

/** One page of a server-side list: a table on wide screens, cards on narrow ones. */
export function DataTable<Row extends object>(props: Props<Row>) {
  const { query, state } = props;
  const t = useT();
  const isNarrow = !(Grid.useBreakpoint().md ?? true);
  const columns = shownColumns(props.columns, state.search.columns);

  if (query.isPending) return <TableSkeleton />;
  if (!query.data) return <ErrorNotice error={query.error} onRetry={() => query.refetch()} />;
  const { items, total } = query.data;
  if (total === 0) return <>{props.empty}</>;
  const pagination = (
    <Flex justify="end" style={{ padding: "12px 16px" }}>
      <Pagination
        size={isNarrow ? "small" : undefined}
        simple={isNarrow}
        current={state.page}
        pageSize={state.pageSize}
        total={total}
        pageSizeOptions={[...PAGE_SIZES]}
        showSizeChanger={!isNarrow}
        showTotal={isNarrow ? undefined : (count) => t("list.total", { count })}
        onChange={(page, size) =>
          size === state.pageSize ? state.set({ page: String(page) }) : state.set({ size: String(size) })
        }
      />
    </Flex>
  );
  return (
    <div
      style={{ opacity: query.isPlaceholderData ? 0.6 : 1, transition: "opacity .15s" }}
      aria-busy={query.isPlaceholderData}
    >
      {query.error ? <ErrorNotice error={query.error} onRetry={() => query.refetch()} /> : null}
      {isNarrow ? (
        <RowCards {...props} columns={columns} rows={items} />
      ) : (
        <Table<Row>
          size="middle"
          rowKey={props.rowKey}
          columns={columns.map((column) => toAntdColumn(column, state.sort))}
          dataSource={items}
          pagination={false}
          scroll={{ x: "max-content" }}
          showSorterTooltip={false}
          expandable={
            props.expand && {
              expandedRowRender: props.expand.render,
              expandIcon: ({ expanded, onExpand, record }) => (
                <Button
                  type="text"
                  size="small"
                  icon={expanded ? <DownOutlined /> : <RightOutlined />}
                  aria-expanded={expanded}
                  aria-label={props.expand?.label(expanded)}
                  onClick={(event) => onExpand(record, event)}
                />
              ),
            }
          }
          rowSelection={
            props.selection && {
              selectedRowKeys: props.selection.keys,
              onChange: props.selection.onChange,
              preserveSelectedRowKeys: true,
            }
          }
          onChange={(_page, _filters, sorter, { action }) => {
            if (action !== "sort" || Array.isArray(sorter)) return;
            const sort = columns.find((column) => column.key === sorter.columnKey)?.sort;
            state.set({
              sort:
                sorter.order === "ascend" ? sort?.asc : sorter.order === "descend" ? sort?.desc : undefined,
            });
          }}
        />
      )}
      {pagination}
    </div>
  );
}

function toAntdColumn<Row>(
  column: Column<Row>,
  sort: string | undefined,
): NonNullable<TableProps<Row>["columns"]>[number] {
  const order =
    sort && column.sort?.asc === sort ? "ascend" : sort && column.sort?.desc === sort ? "descend" : null;
  return {
    key: column.key,
    title: column.title,
    align: column.align,
    width: column.width,
    render: (_: unknown, row: Row) => column.render(row),
    ...(column.sort && {
      sorter: true,
      sortOrder: order,
      sortDirections: [column.sort.desc && "descend", column.sort.asc && "ascend"].filter(Boolean) as (
        | "ascend"
        | "descend"
      )[],
    }),
  };
}

function RowCards<Row extends object>(props: Props<Row> & { rows: Row[] }) {
  const [head, ...rest] = props.columns;
  return (
    <Flex vertical gap={8} style={{ padding: 12 }} role="list">
      {props.rows.map((row) => (
        <Card key={props.rowKey(row)} size="small" role="listitem">
          <div style={{ marginBottom: 6, fontWeight: 600 }}>{head?.render(row)}</div>
          <dl className="row-card">
            {rest.map((column) => (
              <div key={column.key}>
                <dt>{column.title}</dt>
                <dd className="wrap-anywhere">{column.render(row)}</dd>
              </div>
            ))}
          </dl>
          {props.expand && <CardDetails expand={props.expand} row={row} />}
        </Card>
      ))}
    </Flex>
  );
}

function CardDetails<Row>({ expand, row }: { expand: NonNullable<Props<Row>["expand"]>; row: Row }) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      <Button
        type="link"
        size="small"
        style={{ padding: 0, marginTop: 6 }}
        aria-expanded={isOpen}
        onClick={() => setIsOpen(!isOpen)}
      >
        {expand.label(isOpen)}
      </Button>
      {isOpen && <div style={{ marginTop: 8 }}>{expand.render(row)}</div>}
    </>
  );
}

export function TableSkeleton({ rows = 8 }: { rows?: number }) {
  return (
    <div style={{ padding: 16 }} aria-hidden>
      <Skeleton active title={{ width: "100%" }} paragraph={{ rows, width: "100%" }} />
    </div>
  );
}
