import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Flex, Select } from "antd";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { conditionValuesQuery, type SuggestFrom } from "@/api/segments";
import { Num } from "@/components/values";
import type { Option } from "./catalogue";
import { useWords } from "./context";

export type { SuggestFrom };

const TYPING_PAUSE_MS = 200;
/** Pasting a column out of a spreadsheet, or a list with commas, gives one value each. */
const SEPARATORS = [",", "，", "、", "\n", "\t"];

type Props = {
  values: string[];
  onChange: (values: string[]) => void;
  options: readonly Option[];
  from: SuggestFrom | null;
  /** Values nobody has suggested may be typed. */
  isFree: boolean;
  label: string;
  isWrong: boolean;
};

type Choice = { value: string; label: string; count?: number | null };

/** Several values: out of known options, or out of those that occur, looked up while one types. */
export function SuggestedValues({ values, onChange, options, from, isFree, label, isWrong }: Props) {
  const { t } = useWords().i18n;
  const [text, setText] = useState("");
  const [isOpen, setIsOpen] = useState(false);
  const wanted = useSettled(text.trim());
  const found = useQuery({
    ...conditionValuesQuery(from ?? {}, wanted),
    enabled: isOpen && from !== null,
    placeholderData: keepPreviousData,
  });
  const hasWalked = useRef(false);
  /** Enter takes what was typed, at once; a suggestion is taken by walking to it or by a click. */
  const takeTyped = (event: KeyboardEvent<HTMLInputElement | HTMLTextAreaElement>) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") hasWalked.current = true;
    const typed = event.currentTarget.value.trim();
    if (event.key !== "Enter" || !isFree || !typed || hasWalked.current || event.nativeEvent.isComposing)
      return;
    event.preventDefault();
    event.stopPropagation();
    const named = choices.find((choice) => choice.label === typed)?.value ?? typed;
    setText("");
    if (!values.includes(named)) onChange([...values, named]);
  };
  const choices: Choice[] = from ? (found.data?.values ?? []) : [...options];
  const known = new Set(choices.map((choice) => choice.value));
  const others = options.filter((option) => !known.has(option.value) && values.includes(option.value));
  return (
    <Select<string[], Choice>
      mode={isFree ? "tags" : "multiple"}
      aria-label={label}
      status={isWrong ? "error" : undefined}
      value={values}
      onChange={(chosen) => {
        setText("");
        onChange(chosen.map((value) => value.trim()).filter(Boolean));
      }}
      open={isOpen}
      onOpenChange={setIsOpen}
      searchValue={text}
      onSearch={(typed) => {
        hasWalked.current = false;
        setText(typed);
      }}
      onInputKeyDown={takeTyped}
      filterOption={from ? false : (typed, choice) => matches(typed, choice)}
      tokenSeparators={isFree ? SEPARATORS : []}
      options={[...choices, ...others]}
      optionRender={(option) => (
        <Flex justify="space-between" gap={12}>
          <span>{option.label}</span>
          {option.data.count != null && (
            <span className="secondary">
              <Num value={option.data.count} />
            </span>
          )}
        </Flex>
      )}
      loading={found.isFetching}
      placeholder={t(isFree ? "conditions.type_or_choose" : "conditions.choose")}
      notFoundContent={found.isFetching ? t("conditions.looking") : t("conditions.no_values")}
      maxTagCount={12}
      allowClear
      className="cond-value cond-values"
    />
  );
}

function matches(typed: string, choice: Choice | undefined): boolean {
  const text = `${choice?.label ?? ""} ${choice?.value ?? ""}`.toLowerCase();
  return text.includes(typed.trim().toLowerCase());
}

function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), TYPING_PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}
