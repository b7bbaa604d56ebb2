// `open`: a page of the dashboard, in the browser.
import type { Command } from "../command.ts";
import { EXIT, UsageError } from "../errors.ts";
import { findPlace } from "../settings.ts";

/** The page of a record, by the first letters of its id. */
const PAGES: Readonly<Record<string, string>> = {
  evt: "events",
  dlv: "deliveries",
  src: "sources",
  dst: "destinations",
  con: "connections",
  rpl: "replays",
  iss: "issues",
};

function pathOf(id: string | undefined): string {
  if (id === undefined) return "";
  const page = /^[a-z]{3}_\w+$/.test(id) ? PAGES[id.slice(0, 3)] : undefined;
  if (page === undefined)
    throw new UsageError(
      `ID must begin with ${Object.keys(PAGES)
        .map((start) => `${start}_`)
        .join(", ")}`,
    );
  return `${page}/${id}`;
}

export const open: Command = {
  summary: "Open the dashboard in the browser, or the page of a record",
  forms: ["[ID]"],
  options: { print: { help: "only print the URL" } },
  async local({ io, json, say }, args) {
    const id = args.positionals.length === 0 ? undefined : args.only("ID");
    const given = { url: args.text("url"), token: args.text("token"), profile: args.text("profile") };
    const address = `${(await findPlace(given, io)).url.origin}/${pathOf(id)}`;
    say(json ? JSON.stringify({ url: address }) : address);
    if (io.interactive && !json && !args.flag("print")) await io.browse(address);
    return EXIT.ok;
  },
};
