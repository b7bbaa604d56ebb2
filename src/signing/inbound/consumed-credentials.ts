// Which fields of a request carry the credential itself that the source's verification checks. Signatures are none: each proves its own
// request only.
import type { RequestCredentials } from "../../model/credentials.ts";
import type { Verification } from "../../model/verification.ts";
import { rulesFor } from "./rules-for.ts";

export function consumedCredentials(verification: Verification): RequestCredentials {
  if (verification.type === "none" || verification.type === "aws_sns") return { headers: [], query: [] };
  if (verification.type === "jwt") return { headers: [verification.header.toLowerCase()], query: [] };
  const rules = rulesFor(verification).filter((rule) => rule.scheme === "secret");
  const names = (place: "header" | "query"): string[] =>
    rules.flatMap((rule) => (rule.in === place ? [place === "header" ? rule.name.toLowerCase() : rule.name] : []));
  return { headers: names("header"), query: names("query") };
}
