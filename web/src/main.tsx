import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { createQueryClient } from "./api/query";
import { Appearance } from "./app/Appearance";
import "./app/app.css";
import { createAppRouter } from "./app/router";
import { SessionKeeper } from "./app/SessionKeeper";

const queryClient = createQueryClient();
const router = createAppRouter(queryClient);
const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");

createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <Appearance>
        <RouterProvider router={router} />
        <SessionKeeper />
      </Appearance>
    </QueryClientProvider>
  </StrictMode>,
);
