import { queryOptions } from "@tanstack/react-query";
import { client, noteSessionProblem, requestHeaders, type Schemas, send } from "./client";
import { toProblemError } from "./problem";

export type RecordKind = Schemas["RecordKindOut"];
export type ImportFile = Schemas["FileOut"];
export type Mapping = Schemas["MappingBody"];
export type Binding = Schemas["BindingBody"];
export type Reading = Schemas["ReadOptionsBody"];
export type Import = Schemas["ImportOut"];

export const AS_DETECTED: Reading = { encoding: null, delimiter: null, header_row: null, sheets: [] };

export const recordKindsQuery = queryOptions({
  queryKey: ["record-kinds"],
  queryFn: () => send(client.GET("/api/v1/record-kinds")),
  staleTime: 60_000,
});

export const fileQuery = (fileId: string, kind: string, reading: Reading) =>
  queryOptions({
    queryKey: ["file", fileId, kind, reading],
    queryFn: () =>
      send(
        client.POST("/api/v1/files/{file_id}/inspect", {
          params: { path: { file_id: fileId } },
          body: { kind, reading, source: "file" },
        }),
      ),
    staleTime: Number.POSITIVE_INFINITY,
  });

const REFRESH_MS = 1_000;
export const isUnderWay = (item: Import) => ["queued", "running", "stopping"].includes(item.state);

export const importQuery = (importId: string) =>
  queryOptions({
    queryKey: ["import", importId],
    queryFn: () =>
      send(client.GET("/api/v1/imports/{import_id}", { params: { path: { import_id: importId } } })),
    refetchInterval: (query) => (query.state.data && isUnderWay(query.state.data) ? REFRESH_MS : false),
  });

/** Uploads with progress, which fetch cannot tell. Rejects with a ProblemError, or an AbortError when it was stopped. */
export function uploadFile(
  file: File,
  kind: string,
  onProgress: (share: number) => void,
  signal: AbortSignal,
): Promise<ImportFile> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `/api/v1/files?kind=${encodeURIComponent(kind)}`);
    for (const [name, value] of Object.entries(requestHeaders())) request.setRequestHeader(name, value);
    request.responseType = "json";
    request.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
    request.onload = () => {
      if (request.status === 201) {
        resolve(request.response as ImportFile);
        return;
      }
      const error = toProblemError(request.response, request.status);
      noteSessionProblem(error);
      reject(error);
    };
    request.onerror = () => reject(toProblemError(null, 0));
    request.onabort = () => reject(new DOMException("stopped", "AbortError"));
    signal.addEventListener("abort", () => request.abort());
    const body = new FormData();
    body.append("file", file);
    request.send(body);
  });
}
