// The result of a form, shown on the page that it redirects to. The URL contains a key of this list, never free text.
import { providerName, secretsBegin } from "../forms/source-form.ts";
import { Icon } from "./icons.tsx";

const DONE: Readonly<Record<string, string>> = {
  created: "Created.",
  connected: "Connected.",
  connected_before:
    "This URL is connected already, so nothing was made or changed. For another URL, connect the provider again.",
  saved: "Saved.",
  deleted: "Deleted.",
  retried: "Retrying: the next attempt is queued. A pace or an open circuit may still hold it.",
  replayed: "Replayed: new deliveries are queued.",
  cancelled: "Cancelled.",
  paused: "Paused: deliveries are held; events are still accepted.",
  resumed: "Resumed: held deliveries are sent at the destination's pace.",
  tested: "Test event sent.",
  discarded: "Discarded.",
  started: "Started.",
  stopped: "Cancelled. Deliveries that were already queued, a few seconds' worth, are still attempted.",
  revoked: "Revoked.",
  applied: "Applied.",
  sampled: "The sample notice was delivered.",
};

/** @param check the provider of a secret that does not begin as its secrets do */
export const Notice = ({ done, check = "" }: { done: string | undefined; check?: string | undefined }) => {
  const begin = secretsBegin(check);
  const text = done !== undefined && Object.hasOwn(DONE, done) ? DONE[done] : undefined;
  return text === undefined ? null : (
    <p class="notice ok" role="status">
      <Icon name="delivered" />
      {text}
      {begin !== undefined &&
        ` The secrets of ${providerName(check)} begin with ${begin}, and this one does not: check that it is the right one.`}
    </p>
  );
};
