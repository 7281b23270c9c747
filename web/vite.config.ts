import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const apiTarget = process.env.FEILUN_API_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  server: { proxy: { "/api": apiTarget, "/healthz": apiTarget } },
  build: {
    target: "es2022",
    // Ant Design alone is larger than the default warning; pages are split below it.
    chunkSizeWarningLimit: 900,
  },
  test: {
    environment: "jsdom",
    setupFiles: ["./src/testing/setup.ts"],
    css: false,
    testTimeout: 60_000,
    // Two workers: the machine that builds also runs the engines the browser tests need.
    maxWorkers: 2,
  },
});
