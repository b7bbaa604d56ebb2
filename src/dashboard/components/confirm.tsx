// Actions: each is a form that posts. A destructive one looks different and asks for confirmation: in a dialog with JavaScript, on a
// separate page without it. Following a link never changes anything.
import type { Child } from "hono/jsx";
import type { Ctx } from "../deps.ts";
import { Csrf, page, type Room } from "../layout.tsx";

/** A button for a harmless action, without confirmation. @param retry the key `r` presses this button */
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
  /** What it acts on, for screen readers. */
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

/** A button for a destructive action. Its route must call `confirmed` first. @param ask the question in the dialog */
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
 * Checks that the viewer has confirmed.
 * @returns null if so; otherwise the confirmation page, which repeats the form
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
          Go back
        </a>
      </div>
    </form>,
  );
}
