import { describe, expect, it } from "vitest";
import { createI18n } from "@/i18n";
import { evidenceText } from "./evidence";

const zh = createI18n("zh-CN").t;
const en = createI18n("en").t;

describe("evidenceText", () => {
  it("names the kinds in the page's language and keeps the masked values", () => {
    const evidence = "unionid oD****20, phone 154****6081";
    expect(evidenceText(evidence, zh)).toBe("微信 UnionID oD****20、手机号 154****6081");
    expect(evidenceText(evidence, en)).toBe("WeChat UnionID oD****20, Phone 154****6081");
  });

  it("says what speaks against it", () => {
    expect(evidenceText("phone 154****1439; unionid differs", zh)).toBe(
      "手机号 154****1439\uff1b微信 UnionID 不同",
    );
    expect(evidenceText("phone 154****1439; kept apart before", en)).toBe(
      "Phone 154****1439; kept apart before",
    );
  });

  it("shows what it does not know as it came", () => {
    expect(evidenceText("", zh)).toBe("");
    expect(evidenceText("tax_number 12****", en)).toBe("tax_number 12****");
  });
});
