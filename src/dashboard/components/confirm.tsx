// Actions: each a form that posts. One that destroys looks different and asks first: with JavaScript in a dialog, without it on a page
// of its own. Nothing is done by following a link.
import type { Child } from "hono/jsx";
import type { Ctx } from "../deps.ts";
import { Csrf, page, type Room } from "../layout.tsx";

/** A button that does something harmless at once. @param retry marks what the key `r` presses */
export const ActionButton = ({
  c,
  action,
  fields = {},
  label,
  what,
  primary = false,
  retry = false,
}: {
  c: Ctx;
  action: string;
  fields?: Readonly<Record<string, string>>;
  label: string;
  /** What it acts on, for who cannot see where it stands. */
  what?: string;
  primary?: boolean;
  retry?: boolean;
}) => (
  <form class="action" method="post" action={action} data-retry={retry ? "" : undefined}>
    <Csrf c={c} />
    <Hidden fields={fields} />
    <button class={primary ? "button primary" : "button"} type="submit">
      {label}
      {what !== undefined && <span class="visually-hidden"> {what}</span>}
    </button>
  </form>
);

/** A button that asks before it destroys. Its route calls `confirmed` first. @param ask the question that the dialog puts */
export const DangerButton = ({
  c,
  action,
  fields = {},
  label,
  what,
  ask,
}: {
  c: Ctx;
  action: string;
  fields?: Readonly<Record<string, string>>;
  label: string;
  what?: string;
  ask: string;
}) => (
  <form class="action" method="post" action={action} data-confirm={ask}>
    <Csrf c={c} />
    <Hidden fields={fields} />
    <button class="button danger" type="submit">
      {label}
      {what !== undefined && <span class="visually-hidden"> {what}</span>}…
    </button>
  </form>
);

const Hidden = ({ fields }: { fields: Readonly<Record<string, string>> }) => (
  <>
    {Object.entries(fields).map(([name, value]) => (
      <input type="hidden" name={name} value={value} />
    ))}
  </>
);

/**
 * Whether the viewer has said yes. If not, the answer is the page that asks: the same form again, with the yes in it.
 * @returns null to go on
 */
export async function confirmed(
  c: Ctx,
  ask: {
    readonly title: string;
    readonly text: Child;
    readonly label: string;
    readonly back: string;
    readonly room: Room;
  },
): Promise<Response | null> {
  const form = await c.req.parseBody({ all: true });
  if (form["confirm"] === "yes") return null;
  const kept = Object.entries(form).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).flatMap((one): [string, string][] =>
      typeof one === "string" && name !== "_csrf" ? [[name, one]] : [],
    ),
  );
  return page(
    c,
    { title: ask.title, room: ask.room },
    <form class="card narrow" method="post" action={new URL(c.req.url).pathname}>
      <Csrf c={c} />
      {kept.map(([name, value]) => (
        <input type="hidden" name={name} value={value} />
      ))}
      <input type="hidden" name="confirm" value="yes" />
      <p>{ask.text}</p>
      <div class="buttons">
        <button class="button danger" type="submit">
          {ask.label}
        </button>
        <a class="button quiet" href={ask.back}>
          No, go back
        </a>
      </div>
    </form>,
  );
}
