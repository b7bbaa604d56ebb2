// How to set up the provider, from the data of its verification preset.
import { ActionButton } from "../components/confirm.tsx";
import type { Ctx } from "../deps.ts";
import { providerName, secretsHint } from "../forms/source-form.ts";
import type { SourceShape } from "../shapes.ts";
import { PRESETS } from "../../signing/index.ts";

const ANSWERS_HANDSHAKE = [
  "slack",
  "meta",
  "whatsapp",
  "twitter",
  "microsoft_graph",
  "zoom",
  "aws_sns",
  "asana",
  "okta",
  "twitch",
  "dropbox",
  "discord",
  "notion",
];
const GENERIC: Readonly<Record<string, string>> = {
  none: "Anyone who knows the URL can send. Select the provider, or a method that the sender supports.",
  hmac: "Enter where the signature is and what it covers.",
  basic: "The sender must send Authorization: Basic with the user name and password.",
  bearer: "The sender must send Authorization: Bearer with one of the secrets.",
  api_key: "The sender must send one of the secrets in this header or parameter.",
  jwt: "The sender must send a signed token.",
};

export const SetupHint = ({ type, source, c }: { type: string; source: SourceShape | null; c: Ctx }) => {
  const name = providerName(type);
  const secrets = secretsHint(type);
  if (secrets === undefined) return <p class="hint">{GENERIC[type]}</p>;
  return (
    <>
      <ul class="dots">
        <li>
          Enter the URL in the webhook settings of {name}.{" "}
          <a href={PRESETS[type as keyof typeof PRESETS].docs} rel="noreferrer noopener" target="_blank">
            {name}'s documentation
          </a>
        </li>
        <li>Secrets: {secrets}.</li>
        {ANSWERS_HANDSHAKE.includes(type) && <li>Sluice answers {name}'s handshake automatically.</li>}
        {source !== null && type !== "aws_sns" && (
          <li>{source.awaiting_secret ? "No secret is set yet." : "A secret is set."}</li>
        )}
      </ul>
      {type === "notion" && source !== null && (
        <ActionButton c={c} action={`/sources/${source.id}/learned-secret`} label="Show handshake token" />
      )}
    </>
  );
};
