// `sources`: where webhooks come in.
import { PROVIDER_NAMES } from "../../../src/model/provider-names.ts";
import { jsonText, type Group } from "../../command.ts";
import { EXIT, Failure, Refusal } from "../../errors.ts";
import { didYouMean } from "../../suggest.ts";
import { DATA, getCommand, healthCell, listCommand, newRecord, secretFrom, switchCommand } from "./resource.ts";

const VERIFICATIONS = [...Object.keys(PROVIDER_NAMES), "hmac", "basic", "bearer", "api_key", "jwt", "none"];

export const sources: Group = {
  summary: "List, show, create, disable or enable sources",
  fallback: "list",
  verbs: {
    list: listCommand({
      summary: "List sources, newest first",
      page: ({ client }, query) => client.call("GET /sources", { query: { ...query, expand: "health" } }),
      columns: [
        { heading: "SLUG", least: 12 },
        { heading: "NAME", least: 10, drop: 2 },
        { heading: "VERIFIES", least: 10, drop: 1 },
        { heading: "HEALTH" },
        { heading: "URL" },
      ],
      row: ({ slug, name, verification, health = "healthy", url }) => [
        slug,
        name,
        verification.type,
        healthCell(health),
        url,
      ],
    }),
    get: getCommand("Show one, by slug or id", "GET /sources/{id}"),
    create: {
      summary: "Create one; prints the URL that its sender posts to",
      forms: ["[SLUG]"],
      options: {
        verify: {
          value: "TYPE",
          choices: VERIFICATIONS,
          help: "a provider such as stripe, or hmac, basic, bearer, api_key, jwt, none",
        },
        "secret-env": { value: "NAME", multiple: true, help: "environment variable with the secret that verifies it" },
        ...DATA,
      },
      async run(context, args) {
        const type = args.text("verify");
        const secrets = args.list("secret-env").map((name) => secretFrom(context, name));
        const verification =
          type === undefined && secrets.length === 0
            ? undefined
            : { ...(type === undefined ? {} : { type }), ...(secrets.length === 0 ? {} : { secrets }) };
        const body = await newRecord<"POST /sources">(context, "sources", args, { verification });
        const made = await context.client.call("POST /sources", { body }).catch((error: unknown) => {
          const isType = error instanceof Refusal && error.problem.errors?.[0]?.pointer === "/verification/type";
          if (!isType || type === undefined) throw error;
          throw new Failure(`--verify: there is no ${type}${didYouMean(type, VERIFICATIONS)}`);
        });
        context.say(context.json ? jsonText(made) : `${made.slug}  ${made.url}`);
        return EXIT.ok;
      },
    },
    disable: switchCommand("Refuse its webhooks with 404", "disabled", ({ client }, id) =>
      client.call("PATCH /sources/{id}", { id, body: { enabled: false } }),
    ),
    enable: switchCommand("Accept its webhooks again", "enabled", ({ client }, id) =>
      client.call("PATCH /sources/{id}", { id, body: { enabled: true } }),
    ),
  },
};
