import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Select } from "antd";
import { useDeferredValue, useState } from "react";
import { client, send } from "@/api/client";
import { useCustomerNames } from "@/api/names";
import { formatPhone } from "@/components/values";
import { useT } from "@/i18n";

const LETTERS_MIN = 2;

type Props = { value: string | undefined; onChange: (customerId: string | undefined) => void };

/** A customer, found by name, phone, order number and the like. */
export function PersonPicker({ value, onChange }: Props) {
  const t = useT();
  const [text, setText] = useState("");
  const wanted = useDeferredValue(text.trim());
  const found = useQuery({
    queryKey: ["customers", "choice", wanted],
    queryFn: ({ signal }) =>
      send(
        client.GET("/api/v1/customers", {
          params: { query: { query: wanted, page_size: 10, with_phones: true } },
          signal,
        }),
      ),
    enabled: wanted.length >= LETTERS_MIN,
    placeholderData: keepPreviousData,
  });
  const names = useCustomerNames([value]);
  const options = (found.data?.items ?? []).map((row) => ({
    value: row.id,
    label: [
      row.name ?? row.nickname ?? t("customers.unnamed"),
      row.phone ? formatPhone(row.phone) : "",
      row.city ?? "",
    ]
      .filter(Boolean)
      .join(" · "),
  }));
  // Somebody who came with the address was not searched for.
  const isListed = value === undefined || options.some((option) => option.value === value);
  const chosen = isListed ? [] : [{ value, label: names.get(value) ?? value }];
  return (
    <Select<string>
      showSearch={{ filterOption: false, onSearch: setText }}
      allowClear
      aria-label={t("conditions.pick_person")}
      placeholder={t("customers.search")}
      value={value ?? null}
      onChange={(id: string | undefined) => onChange(id)}
      loading={found.isFetching}
      notFoundContent={t(wanted.length < LETTERS_MIN ? "conditions.type_more" : "list.nothing_found")}
      options={[...chosen, ...options]}
      style={{ width: "100%" }}
    />
  );
}
