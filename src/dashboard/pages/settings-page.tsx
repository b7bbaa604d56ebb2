// The frame of every settings page.
import type { Child } from "hono/jsx";
import type { ProblemBody } from "../api-client.ts";
import type { Ctx } from "../deps.ts";
import { page, type PageProps } from "../layout.tsx";

const PARTS = [
  ["/settings", "Deployment"],
  ["/settings/tokens", "Tokens"],
  ["/settings/audit", "Audit log"],
  ["/settings/config", "Configuration"],
] as const;

type Path = (typeof PARTS)[number][0];

/** A settings page with tabs to the others. */
export const settingsPage = (
  c: Ctx,
  at: Path,
  body: Child,
  problem: ProblemBody | null = null,
  more: Pick<PageProps, "actions" | "live"> = {},
): Response | Promise<Response> =>
  page(
    c,
    { title: PARTS.find(([path]) => path === at)?.[1] ?? "Settings", room: "settings", ...more },
    <>
      <nav class="tabs" aria-label="Settings">
        {PARTS.map(([path, label]) => (
          <a href={path} aria-current={path === at ? "page" : undefined}>
            {label}
          </a>
        ))}
      </nav>
      {body}
    </>,
    problem === null ? 200 : 422,
  );
