// What a form has done, said on the page that it leads to. The address carries a word of this list, never text of its own.
import { Icon } from "./icons.tsx";

const DONE: Readonly<Record<string, string>> = {
  created: "Created.",
  saved: "Saved.",
  deleted: "Deleted.",
  retried: "Due now: the next attempt is on its way.",
  replayed: "Sent again as new deliveries.",
  cancelled: "Cancelled.",
  paused: "Paused: deliveries are held, events are still accepted.",
  resumed: "Resumed: what was held goes out at the destination's pace.",
  tested: "A test event is on its way.",
  discarded: "Discarded: cancelled, and no dead letter any more.",
  started: "Started.",
  stopped: "Cancelled: nothing more is queued. What has been queued, some seconds' worth, still goes.",
  revoked: "Revoked.",
  told: "A sample was sent, and its receiver took it.",
};

export const Notice = ({ done }: { done: string | undefined }) => {
  const text = done === undefined ? undefined : DONE[done];
  return text === undefined ? null : (
    <p class="notice ok" role="status">
      <Icon name="delivered" />
      {text}
    </p>
  );
};
