import { client, type Schemas, send } from "./client";

export type LetterChoice = Schemas["DeadLetterChoiceIn"];
export type ReplayResult = { replayed: number; rejected: number };

/** Replays all that are meant: one call takes only so many, and tells how many remain. */
export async function replayLetters(choice: LetterChoice): Promise<ReplayResult> {
  const total: ReplayResult = { replayed: 0, rejected: 0 };
  for (;;) {
    const part = await send(client.POST("/api/v1/dead-letters/replay", { body: choice }));
    total.replayed += part.replayed;
    total.rejected += part.rejected;
    // A call that moves nothing would be repeated for ever.
    if (part.remaining === 0 || part.replayed === 0) return total;
  }
}

export function discardLetters(choice: LetterChoice) {
  return send(client.POST("/api/v1/dead-letters/discard", { body: choice }));
}
