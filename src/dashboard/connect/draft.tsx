// The second step: the URL to paste, the secret, and where the events go. Everything is made when the form is sent.
import type { ProblemBody } from "../api-client.ts";
import { Choice, type Choices } from "../components/choice.tsx";
import { Copyable } from "../components/empty.tsx";
import { errorsOf, Field, ProblemNotice } from "../components/fields.tsx";
import type { Ctx } from "../deps.ts";
import { FormFields } from "../forms/form-fields.tsx";
import type { FormValues } from "../forms/form-spec.ts";
import { neededFields, providerName } from "../forms/source-form.ts";
import { Csrf } from "../layout.tsx";
import { PRESETS } from "../../signing/index.ts";
import { neededFirst, whereSecret, whereUrl } from "./hints.ts";

export interface Draft {
  readonly type: string;
  readonly slug: string;
  readonly url: string;
  readonly values: FormValues;
  readonly destinations: Choices;
  readonly problem: ProblemBody | null;
}

/** Where the provider gets the URL, and what to see to first. */
export const UrlCard = ({ type, url, isMade }: { type: string; url: string; isMade: boolean }) => {
  const name = providerName(type);
  const first = neededFirst(type);
  return (
    <section class="card">
      <h2>1. The URL for {Object.hasOwn(PRESETS, type) ? name : "the sender"}</h2>
      <Copyable label="webhook URL" text={url} />
      <p>
        {whereUrl(type)}.
        {Object.hasOwn(PRESETS, type) && (
          <>
            {" "}
            <a href={PRESETS[type as keyof typeof PRESETS].docs} rel="noreferrer noopener" target="_blank">
              {name}'s documentation
            </a>
          </>
        )}
      </p>
      {first !== null && (!isMade || first === "secret") && (
        <p class="muted">
          {name} calls the URL as soon as you enter it. So{" "}
          {first === "secret" ? "enter its secret here" : "connect it here"} first.
        </p>
      )}
    </section>
  );
};

const To = ({ value, label, hint, chosen }: { value: string; label: string; hint: string; chosen: string }) => (
  <label class="to">
    <input type="radio" name="to" value={value} checked={value === chosen} />
    <span>
      <strong>{label}</strong>
      <span class="hint">{hint}</span>
    </span>
  </label>
);

export const DraftForm = ({ c, draft }: { c: Ctx; draft: Draft }) => {
  const { type, slug, values, destinations, problem } = draft;
  const errors = errorsOf(problem);
  const fields = neededFields(
    type,
    `${whereSecret(type)}. It can follow later: until then the source refuses requests.`,
  );
  const chosen = values["to"]?.[0] ?? "mock";
  const first = (name: string): string => values[name]?.[0] ?? "";
  return (
    <form class="guide" method="post" action="/connect" novalidate>
      <Csrf c={c} />
      <input type="hidden" name="provider" value={type} />
      <input type="hidden" name="slug" value={slug} />
      <ProblemNotice problem={problem} />
      <UrlCard type={type} url={draft.url} isMade={false} />
      <section class="card">
        <h2>2. How it is verified</h2>
        {fields.length === 0 ? (
          <p class="muted">
            {type === "none" ? "It is not: anyone who knows the URL can send." : "By keys that the provider publishes."}
          </p>
        ) : (
          <FormFields fields={fields} values={values} problem={problem} />
        )}
      </section>
      <section class="card">
        <h2>3. Where the events go</h2>
        <fieldset class="destinations">
          <legend class="visually-hidden">Destination</legend>
          <To
            value="mock"
            chosen={chosen}
            label="A mock destination"
            hint="Sluice itself answers every event with 200, so that you can try everything now."
          />
          <To value="url" chosen={chosen} label="My API" hint="A new destination with its URL." />
          <div class="row to-url">
            <Field label="URL of the API" name="url" type="url" value={first("url")} error={errors("/url")} />
            <Field label="Name" name="destination_name" value={first("destination_name")} hint="Empty: its host." />
          </div>
          {destinations.suggested.length > 0 && (
            <>
              <To value="existing" chosen={chosen} label="A destination that exists" hint="By its name." />
              <div class="to-existing">
                <Choice label="Destination" name="destination" choices={destinations} error={errors("/destination")} />
              </div>
            </>
          )}
        </fieldset>
        <details>
          <summary>Advanced</summary>
          <Field
            label="Name of the source"
            name="name"
            value={first("name")}
            hint="Its URL stays as above."
            error={errors("/name")}
          />
          <p class="muted">
            Pace, retries, credentials and signatures are settings of the destination; filters and transforms are
            settings of the connection. You find them on their pages, linked in the next step.
          </p>
        </details>
      </section>
      <div class="buttons">
        <button class="button primary" type="submit">
          Connect
        </button>
        <a class="button quiet" href="/connect">
          Another provider
        </a>
      </div>
    </form>
  );
};
