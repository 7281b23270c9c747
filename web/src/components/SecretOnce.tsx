import { CopyOutlined } from "@ant-design/icons";
import { Alert, App, Button, Flex, Modal, Typography } from "antd";
import { useT } from "@/i18n";

/** Shows a secret exactly once; copying works without HTTPS too, by selecting the text. */
export function SecretOnce(props: {
  title: string;
  text: string;
  secret: string | null;
  onClose: () => void;
}) {
  const t = useT();
  const { message } = App.useApp();

  async function copy() {
    try {
      await navigator.clipboard.writeText(props.secret ?? "");
    } catch {
      const element = document.getElementById("secret-once");
      if (element) window.getSelection()?.selectAllChildren(element);
      document.execCommand("copy");
    }
    message.success(t("action.copied"));
  }

  return (
    <Modal
      open={props.secret !== null}
      title={props.title}
      mask={{ closable: false }}
      onCancel={props.onClose}
      footer={
        <Button type="primary" onClick={props.onClose}>
          {t("settings.secret_noted")}
        </Button>
      }
    >
      <Alert type="warning" showIcon title={props.text} style={{ marginBottom: 16 }} />
      <Flex gap={8} align="center">
        <Typography.Text code id="secret-once" className="wrap-anywhere" style={{ fontSize: 16, flex: 1 }}>
          {props.secret}
        </Typography.Text>
        <Button icon={<CopyOutlined />} onClick={copy}>
          {t("action.copy")}
        </Button>
      </Flex>
    </Modal>
  );
}
