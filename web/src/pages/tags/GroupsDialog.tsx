import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Flex, Input, Modal, Switch } from "antd";
import { useState } from "react";
import { client, type Schemas, send } from "@/api/client";
import { type TagGroup, tagsQuery } from "@/api/tags";
import { ErrorNotice } from "@/components/ErrorNotice";
import { useFeedback } from "@/components/feedback";
import { useT } from "@/i18n";

const NAME_MAX = 60;

/** Groups of tags: add, rename, make exclusive, delete empty ones. Every change is saved as it is made. */
export function GroupsDialog({ onClose }: { onClose: () => void }) {
  const t = useT();
  const tags = useQuery(tagsQuery(false));
  const groups = tags.data?.groups ?? [];
  return (
    <Modal open title={t("tags.groups")} footer={null} onCancel={onClose}>
      <p className="secondary">{t("tags.group_exclusive_hint")}</p>
      {tags.isError && <ErrorNotice error={tags.error} onRetry={tags.refetch} />}
      <Flex vertical gap={10}>
        {groups.map((group) => (
          <GroupRow key={group.id} group={group} />
        ))}
        <NewGroup position={groups.length} />
      </Flex>
    </Modal>
  );
}

function useGroupChange<Variables>(mutationFn: (variables: Variables) => Promise<unknown>) {
  const feedback = useFeedback();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn,
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ["tags"] }),
    onError: feedback.failed,
  });
}

function GroupRow({ group }: { group: TagGroup }) {
  const t = useT();
  const feedback = useFeedback();
  const [name, setName] = useState(group.name);
  const path = { params: { path: { group_id: group.id } } };
  const change = useGroupChange((body: Schemas["TagGroupChangeIn"]) =>
    send(client.PATCH("/api/v1/tag-groups/{group_id}", { ...path, body })),
  );
  const remove = useGroupChange(async () => {
    await send(client.DELETE("/api/v1/tag-groups/{group_id}", path));
  });
  const rename = () => {
    const clean = name.trim();
    if (clean && clean !== group.name) change.mutate({ name: clean }, { onError: () => setName(group.name) });
    else setName(group.name);
  };
  return (
    <Flex gap={10} align="center" wrap>
      <Input
        aria-label={t("tags.group_name")}
        value={name}
        maxLength={NAME_MAX}
        onChange={(event) => setName(event.target.value)}
        onBlur={rename}
        onPressEnter={rename}
        style={{ flex: "1 1 160px" }}
      />
      <Switch
        aria-label={`${group.name}: ${t("tags.group_exclusive")}`}
        checked={group.is_exclusive}
        loading={change.isPending}
        checkedChildren={t("tags.group_exclusive")}
        unCheckedChildren={t("tags.group_exclusive")}
        onChange={(isExclusive) => change.mutate({ is_exclusive: isExclusive })}
      />
      <span className="secondary num">{t("tags.group_tags", { count: group.tags })}</span>
      <Button
        type="text"
        icon={<DeleteOutlined />}
        aria-label={`${t("action.delete")} ${group.name}`}
        disabled={group.tags > 0}
        onClick={() =>
          feedback.modal.confirm({
            title: t("tags.group_delete", { name: group.name }),
            okText: t("action.delete"),
            onOk: () => remove.mutateAsync(undefined).catch(() => undefined),
          })
        }
      />
    </Flex>
  );
}

function NewGroup({ position }: { position: number }) {
  const t = useT();
  const [name, setName] = useState("");
  const create = useGroupChange((body: Schemas["TagGroupIn"]) =>
    send(client.POST("/api/v1/tag-groups", { body })),
  );
  const add = () => {
    const clean = name.trim();
    if (clean)
      create.mutate({ name: clean, position, is_exclusive: false }, { onSuccess: () => setName("") });
  };
  return (
    <Flex gap={10}>
      <Input
        aria-label={t("tags.group_add")}
        placeholder={t("tags.group_name")}
        value={name}
        maxLength={NAME_MAX}
        onChange={(event) => setName(event.target.value)}
        onPressEnter={add}
      />
      <Button icon={<PlusOutlined />} disabled={!name.trim()} loading={create.isPending} onClick={add}>
        {t("tags.group_add")}
      </Button>
    </Flex>
  );
}
