import { client, type Schemas, send } from "./client";

export type LetterChoice = Schemas["DeadLetterChoiceIn"];
export type LetterNarrowing = Pick<LetterChoice, "import_id" | "kind" | "code" | "field">;
export type ReplayResult = { replayed: number; rejected: number };

/** Replays all that are meant: one call takes only so many, and tells where to go on. */
export async function replayLetters(choice: LetterChoice): Promise<ReplayResult> {
  const total: ReplayResult = { replayed: 0, rejected: 0 };
  let after: string | null = null;
  do {
    const part: Schemas["ReplayOut"] = await send(
      client.POST("/api/v1/dead-letters/replay", { body: { ...choice, after } }),
    );
    total.replayed += part.replayed;
    total.rejected += part.rejected;
    after = part.next_after;
  } while (after !== null);
  return total;
}

export function discardLetters(choice: LetterChoice) {
  return send(client.POST("/api/v1/dead-letters/discard", { body: choice }));
}
