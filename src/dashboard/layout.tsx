// The frame of every page. Pages work without JavaScript: links, forms and one stylesheet; one script adds to them.
import type { Child } from "hono/jsx";
import { raw } from "hono/html";
import { Icon, Sprite } from "./components/icons.tsx";
import { Inert } from "./components/inert.tsx";
import { Notice } from "./components/notice.tsx";
import type { Ctx } from "./deps.ts";

const ROOMS = [
  ["overview", "/", "Overview", "gauge"],
  ["events", "/events", "Events", "list"],
  ["deliveries", "/deliveries", "Deliveries", "send"],
  ["issues", "/issues", "Issues", "flag"],
  ["dead-letters", "/dead-letters", "Dead letters", "dead"],
  ["refused", "/refused", "Refused", "cancelled"],
  ["replays", "/replays", "Replays", "retrying"],
  ["connect", "/connect", "Connect a provider", "plus"],
  ["sources", "/sources", "Sources", "in"],
  ["destinations", "/destinations", "Destinations", "out"],
  ["connections", "/connections", "Connections", "link"],
  ["alerts", "/alerts", "Alerts", "warn"],
  ["settings", "/settings", "Settings", "settings"],
] as const;

export type Room = (typeof ROOMS)[number][0];

/** A whole HTML document. Other props become attributes of the body. */
export const Document = ({
  title,
  children,
  ...body
}: {
  title: string;
  children?: Child;
  [name: string]: unknown;
}) => (
  <>
    {raw("<!doctype html>")}
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{title} · Sluice</title>
        <link rel="icon" href="/assets/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/assets/sluice.css" />
      </head>
      <body {...body}>{children}</body>
    </html>
  </>
);

export const SkipLink = () => (
  <a class="skip" href="#main">
    Skip to content
  </a>
);

/** A page without navigation, for viewers who are not signed in. */
export const Bare = ({ title, children }: { title: string; children?: Child }) => (
  <Document title={title} class="bare">
    <Sprite />
    <main id="main">{children}</main>
  </Document>
);

export interface PageProps {
  /** Of the browser tab and the heading. */
  readonly title: string;
  readonly room: Room;
  /** The page's actions, next to the heading. */
  readonly actions?: Child;
  /** Breadcrumbs above the heading. */
  readonly trail?: readonly (readonly [label: string, href: string])[];
  /** Elements with an id and `data-live` are refreshed when something happens. */
  readonly live?: boolean;
}

const Frame = ({
  c,
  title,
  room,
  actions,
  trail = [],
  live: wanted = false,
  children,
}: PageProps & { c: Ctx; children?: Child }) => {
  // The response to a POST cannot be fetched again from its URL.
  const live = wanted && c.req.method === "GET";
  return (
    <Document title={title} data-live-page={live ? "" : undefined}>
      <Sprite />
      <SkipLink />
      <header class="top">
        <a class="brand" href="/">
          <Icon name="brand" />
          Sluice
        </a>
        <span class="spacer" />
        <form class="jump" method="get" action="/events" role="search">
          <input type="search" name="q" aria-label="Search events" placeholder="Search events" id="search" />
        </form>
        <a class="button quiet menu" href="#nav">
          Menu
        </a>
      </header>
      <nav id="nav" class="side" aria-label="Main">
        <div>
          <a class="button quiet close" href="#main">
            Close
          </a>
          <ul>
            {ROOMS.map(([id, href, label, icon]) => (
              <li>
                <a href={href} aria-current={id === room ? "page" : undefined}>
                  <Icon name={icon} />
                  {label}
                </a>
              </li>
            ))}
            <li>
              <a href="/docs">
                <Icon name="info" />
                API
              </a>
            </li>
          </ul>
          <form method="post" action="/logout">
            <Csrf c={c} />
            {c.get("viewer") !== null && (
              <p class="viewer">
                <Inert text={c.get("viewer") ?? ""} max={100} />
              </p>
            )}
            <button class="button quiet" type="submit">
              Sign out
            </button>
          </form>
        </div>
      </nav>
      <main id="main" tabindex={-1}>
        {trail.length > 0 && (
          <nav class="trail" aria-label="Breadcrumbs">
            {trail.map(([label, href]) => (
              <a href={href}>{label}</a>
            ))}
          </nav>
        )}
        <div class="heading">
          <h1 id="title" data-live={live ? "" : undefined}>
            {title}
          </h1>
          {live && (
            <span class="live-mark" data-live-mark hidden>
              Live
            </span>
          )}
          <div class="actions">{actions}</div>
        </div>
        <Notice done={c.req.query("done")} check={c.req.query("check")} />
        {children}
      </main>
      <script type="module" src="/assets/sluice.js" />
    </Document>
  );
};

/** The CSRF token. Every form that posts contains it. */
export const Csrf = ({ c }: { c: Ctx }) => <input type="hidden" name="_csrf" value={c.get("csrf")} />;

/** Responds with a page. */
export const page = (c: Ctx, props: PageProps, body: Child, status: 200 | 403 | 404 | 409 | 422 | 500 | 503 = 200) =>
  c.html(
    <Frame c={c} {...props}>
      {body}
    </Frame>,
    status,
  );
