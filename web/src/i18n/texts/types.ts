/** Chinese, English. */
export type Texts = Record<string, readonly [string, string]>;
