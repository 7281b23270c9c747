import { App } from "antd";
import { useT } from "@/i18n";
import { errorText } from "./ErrorNotice";

/** Short messages after something was done; errors stay longer, because they have to be read. */
export function useFeedback() {
  const { message, modal } = App.useApp();
  const t = useT();
  return {
    done: (text: string) => message.success(text),
    failed: (error: unknown) => message.error(errorText(error, t), 8),
    modal,
  };
}
