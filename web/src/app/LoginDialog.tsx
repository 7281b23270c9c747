import { Modal } from "antd";
import { LoginForm } from "@/components/LoginForm";
import { useT } from "@/i18n";
import type { Session } from "./session";

type Props = { username: string; onLoggedIn: (session: Session) => void };

export default function LoginDialog({ username, onLoggedIn }: Props) {
  const t = useT();
  return (
    <Modal open title={t("login.ended_title")} footer={null} closable={false} keyboard={false} width={400}>
      <p className="secondary">{t("login.ended_text")}</p>
      <LoginForm initialUsername={username} onLoggedIn={onLoggedIn} />
    </Modal>
  );
}
