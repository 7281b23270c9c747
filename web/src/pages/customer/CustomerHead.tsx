import { EyeInvisibleOutlined, EyeOutlined, PhoneOutlined, UserOutlined } from "@ant-design/icons";
import { Avatar, Button, Card, Flex, Tag, Tooltip, Typography } from "antd";
import dayjs from "dayjs";
import { type ReactNode, useEffect, useState } from "react";
import type { Customer } from "@/api/customers";
import { formatPhone, formatShare, Moment, Money, Num } from "@/components/values";
import { useI18n, useT, useWord } from "@/i18n";

export function CustomerHead({ customer }: { customer: Customer }) {
  const t = useT();
  const word = useWord();
  const name = customer.display_name ?? t("customers.unnamed");
  useEffect(() => {
    document.title = `${name} · ${t("app.name")}`;
  }, [name, t]);
  const facts = [
    customer.gender && word("gender", customer.gender),
    customer.birthday,
    customer.city,
    ...customer.sources.map((source) => word("source", source)),
  ].filter(Boolean);
  return (
    <Card styles={{ body: { padding: 20 } }}>
      <Flex gap={16} align="start" wrap>
        <Avatar
          size={52}
          icon={<UserOutlined />}
          style={{ background: "var(--accent-soft)", color: "var(--accent)", flex: "none" }}
        />
        <div style={{ flex: "1 1 240px", minWidth: 0 }}>
          <Flex gap={10} align="baseline" wrap>
            <Typography.Title level={1} style={{ fontSize: 22, margin: 0 }} className="wrap-anywhere">
              {name}
            </Typography.Title>
            <span className="mono secondary">{customer.id}</span>
          </Flex>
          <div className="secondary" style={{ marginTop: 2 }}>
            {facts.join(" · ")}
            {facts.length > 0 && " · "}
            {t("customer.since")} <Moment at={customer.created_at} withTime={false} />
          </div>
          <Contacts customer={customer} />
          <Consents customer={customer} />
        </div>
      </Flex>
      <Figures figures={customer.figures} />
    </Card>
  );
}

/** Masks what the server sent in full, so that a phone is not read over somebody's shoulder; one click shows it. */
export function maskPhone(phone: string): string {
  return phone.length < 8 ? "****" : `${phone.slice(0, -8)}****${phone.slice(-4)}`;
}

function Contacts({ customer }: { customer: Customer }) {
  const t = useT();
  const word = useWord();
  const [isShown, setIsShown] = useState(false);
  const phones = [
    ...new Set(customer.identifiers.filter(({ kind }) => kind === "phone").map(({ value }) => value)),
  ];
  const kinds = [
    ...new Set(customer.identifiers.filter(({ kind }) => kind !== "phone").map(({ kind }) => kind)),
  ];
  if (phones.length === 0 && kinds.length === 0) return null;
  return (
    <Flex gap={8} align="center" wrap style={{ marginTop: 8 }}>
      {phones.map((phone) => (
        <span key={phone} className="num">
          <PhoneOutlined aria-label={t("customers.phone")} />{" "}
          {formatPhone(isShown || customer.is_masked ? phone : maskPhone(phone))}
        </span>
      ))}
      {phones.length > 0 && !customer.is_masked && (
        <Button
          type="text"
          size="small"
          icon={isShown ? <EyeInvisibleOutlined /> : <EyeOutlined />}
          onClick={() => setIsShown(!isShown)}
        >
          {t(isShown ? "customer.hide" : "customer.reveal")}
        </Button>
      )}
      {kinds.map((kind) => (
        <Tag key={kind}>{word("identifier_kind", kind)}</Tag>
      ))}
    </Flex>
  );
}

function Consents({ customer }: { customer: Customer }) {
  const t = useT();
  const word = useWord();
  if (customer.consents.length === 0) return null;
  return (
    <Flex gap={6} align="center" wrap style={{ marginTop: 8 }}>
      <span className="secondary">{t("customer.consent")}:</span>
      {customer.consents.map((consent) => (
        <Tooltip
          key={`${consent.channel} ${consent.purpose}`}
          title={`${dayjs(consent.stated_at).format("YYYY-MM-DD HH:mm")} · ${word("source", consent.source)}`}
        >
          <Tag color={consent.state === "granted" ? "success" : "error"}>
            {word("consent_channel", consent.channel)} · {word("consent_purpose", consent.purpose)}{" "}
            {word("consent_state", consent.state)}
          </Tag>
        </Tooltip>
      ))}
    </Flex>
  );
}

function Figures({ figures }: { figures: Customer["figures"] }) {
  const { t, locale } = useI18n();
  const { currency } = figures;
  return (
    <>
      <div className="figures" style={{ marginTop: 18, paddingTop: 16, borderTop: "1px solid var(--line)" }}>
        <Figure label={t("customers.net_spend")} hint={t("customers.net_spend_hint")}>
          <Money amount={figures.net_spend} currency={currency} />
        </Figure>
        <Figure label={t("customers.orders")}>
          <Num value={figures.orders} />
        </Figure>
        <Figure label={t("customers.average_basket")} hint={t("customers.average_basket_hint")}>
          <Money amount={figures.average_basket} currency={currency} />
        </Figure>
        <Figure label={t("customers.return_rate")} hint={t("customers.return_rate_hint")}>
          {formatShare(figures.return_rate, locale)}
        </Figure>
        <Figure label={t("customers.last_ordered")}>
          <Moment at={figures.last_ordered_at} withTime={false} />
        </Figure>
        <Figure label={t("customers.first_ordered")}>
          <Moment at={figures.first_ordered_at} withTime={false} />
        </Figure>
      </div>
      {figures.other_currencies.length > 0 && (
        <div className="secondary" style={{ marginTop: 8 }}>
          {t("customer.other_currencies", { currencies: figures.other_currencies.join(", ") })}
        </div>
      )}
    </>
  );
}

function Figure({ label, hint, children }: { label: string; hint?: string; children: ReactNode }) {
  return (
    <div>
      <Tooltip title={hint}>
        <span className={hint ? "secondary has-hint" : "secondary"}>{label}</span>
      </Tooltip>
      <div className="figure-value">{children}</div>
    </div>
  );
}
