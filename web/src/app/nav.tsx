import {
  ApartmentOutlined,
  BankOutlined,
  CloudUploadOutlined,
  SettingOutlined,
  ShopOutlined,
  TeamOutlined,
} from "@ant-design/icons";
import type { ReactNode } from "react";
import type { MessageKey } from "@/i18n";
import type { Permission } from "./session";

type Place = {
  path: string;
  /** Addresses that belong to the place besides those below its own. */
  also?: string[];
  label: MessageKey;
  icon: ReactNode;
  anyOf: Permission[];
};

/** The places of the console that exist, in the order people meet them. */
export const places: Place[] = [
  { path: "/customers", label: "nav.customers", icon: <TeamOutlined />, anyOf: ["customers.read"] },
  { path: "/accounts", label: "nav.accounts", icon: <BankOutlined />, anyOf: ["accounts.read"] },
  {
    path: "/segments",
    also: ["/tags", "/rfm"],
    label: "nav.segments",
    icon: <ApartmentOutlined />,
    anyOf: ["segments.read"],
  },
  { path: "/products", label: "nav.products", icon: <ShopOutlined />, anyOf: ["products.read"] },
  { path: "/data", label: "nav.data", icon: <CloudUploadOutlined />, anyOf: ["imports.read"] },
  {
    path: "/settings",
    label: "nav.settings",
    icon: <SettingOutlined />,
    anyOf: ["settings.manage", "operators.manage", "system.manage"],
  },
];
