import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Skeleton, Steps } from "antd";
import { useState } from "react";
import { AS_DETECTED, fileQuery, type Reading, recordKindsQuery } from "@/api/imports";
import { useListState } from "@/app/list-state";
import { ErrorNotice } from "@/components/ErrorNotice";
import { PageHead } from "@/components/PageHead";
import { useT } from "@/i18n";
import { UploadStep } from "./UploadStep";
import { Wizard } from "./Wizard";

const STEPS = ["file", "mapping", "preview"] as const;

/** The address holds kind, file and step, so that a half-done import can be left and found again. */
export function Page() {
  const t = useT();
  const { search, set } = useListState();
  const kinds = useQuery(recordKindsQuery);
  const [reading, setReading] = useState<Reading>(AS_DETECTED);
  const kind = kinds.data?.find((candidate) => candidate.name === search.kind) ?? kinds.data?.[0];
  const fileId = search.file;
  const file = useQuery({
    ...fileQuery(fileId ?? "", kind?.name ?? "", reading),
    enabled: Boolean(fileId && kind),
    placeholderData: (old) => (old?.id === fileId ? old : undefined),
  });
  const step = fileId ? (search.step === "preview" ? "preview" : "mapping") : "file";

  return (
    <>
      <PageHead
        title={t("wizard.title")}
        above={
          <Link to="/data/imports" style={{ display: "inline-block", marginBottom: 4 }}>
            ← {t("nav.data")}
          </Link>
        }
      />
      <Steps
        size="small"
        current={STEPS.indexOf(step)}
        items={[
          { title: t("wizard.step_file") },
          { title: t("wizard.step_mapping") },
          { title: t("wizard.step_preview") },
          { title: t("wizard.step_run") },
        ]}
        style={{ marginBottom: 20, maxWidth: 820 }}
      />
      {kinds.isError && <ErrorNotice error={kinds.error} onRetry={kinds.refetch} />}
      {!kind && kinds.isPending && <Skeleton active />}
      {kind && !fileId && (
        <UploadStep
          kinds={kinds.data ?? []}
          kind={kind}
          onKind={(name) => set({ kind: name })}
          onUploaded={(uploaded) => set({ kind: kind.name, file: uploaded.id, step: "mapping" })}
        />
      )}
      {kind && fileId && file.isError && (
        <ErrorNotice
          error={file.error}
          onRetry={() => (reading === AS_DETECTED ? file.refetch() : setReading(AS_DETECTED))}
        />
      )}
      {kind && fileId && file.isPending && !file.isError && <Skeleton active paragraph={{ rows: 10 }} />}
      {kind && fileId && file.data && (
        <Wizard
          key={`${file.data.id} ${kind.name} ${JSON.stringify(file.data.proposal?.mapping.reading)}`}
          kind={kind}
          file={file.data}
          isReading={file.isPlaceholderData}
          step={step === "preview" ? "preview" : "mapping"}
          onStep={(next) => set({ step: next })}
          onReading={setReading}
          onOtherFile={() => set({ file: undefined, step: undefined })}
        />
      )}
    </>
  );
}
