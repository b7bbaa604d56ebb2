// One operation: its parameters, request body and responses, a curl command and a form to send it.
import { shellQuote } from "../components/shell-quote.ts";
import { isProblem, refOf, type Content, type Json, type Operation, type Parameter } from "./contract.ts";
import { Inline, Paragraphs } from "./frame.tsx";
import { TypeName } from "./schema-view.tsx";

const TONES: Readonly<Record<string, string>> = { GET: "info", POST: "ok", DELETE: "bad" };
export const Verb = ({ method }: { method: string }) => (
  <span class={`badge ${TONES[method] ?? "warn"}`}>{method}</span>
);

const pretty = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value, null, 2));
const needsToken = ({ security }: Operation): boolean => security?.length !== 0;
const bodyOf = ({ requestBody }: Operation): Content | undefined => Object.values(requestBody?.content ?? {})[0];
const firstExample = (content: Content | undefined): unknown => Object.values(content?.examples ?? {})[0]?.value;
const filled = ({ path, parameters }: Operation): string =>
  parameters.reduce(
    (text, { name, example }) => text.replace(`{${name}}`, typeof example === "string" ? example : ""),
    path,
  );

/** @param origin scheme and host of this deployment */
function curlCommand(operation: Operation, origin: string): string {
  const body = firstExample(bodyOf(operation));
  return [
    `curl -g -X ${operation.method} ${shellQuote(origin + filled(operation))}`,
    ...(needsToken(operation) ? ['-H "Authorization: Bearer $SLUICE_TOKEN"'] : []),
    ...(body === undefined
      ? []
      : [`-H ${shellQuote("content-type: application/json")}`, `--data-raw ${shellQuote(JSON.stringify(body))}`]),
  ].join(" \\\n  ");
}

const Examples = ({ of, content }: { of: string; content: Content }) => (
  <>
    {Object.entries(content.examples ?? {}).map(([name, { value }]) => (
      <details>
        <summary>
          {of}: {name.replaceAll("_", " ")}
        </summary>
        <pre tabindex={0} role="region" aria-label={`${of}: ${name}`}>
          {pretty(value)}
        </pre>
      </details>
    ))}
  </>
);

const ParameterList = ({ parameters }: { parameters: readonly Parameter[] }) => (
  <dl class="fields">
    {parameters.map(({ name, in: where, required, schema, description }) => (
      <div>
        <dt>
          <code>{name}</code>{" "}
          <span>
            in the {where}
            {required && ", required"}: <TypeName schema={schema} />
          </span>
        </dt>
        <dd>
          <Inline text={description} />
        </dd>
      </div>
    ))}
  </dl>
);

/** Whether this is the page's first response with this schema. */
function isNew({ schema }: Content, shown: Set<string>): boolean {
  const name = refOf(schema);
  if (name === null) return true;
  const fresh = !shown.has(name);
  shown.add(name);
  return fresh;
}

const Answers = ({ operation, shown }: { operation: Operation; shown: Set<string> }) => (
  <>
    {Object.entries(operation.responses)
      .filter(([status]) => !isProblem(status))
      .map(([status, { description, content = {} }]) => (
        <>
          <p>
            <strong>{status}</strong> {description}
            {Object.entries(content).map(([type, { schema }]) => (
              <>: {type === "application/json" ? <Answered schema={schema} /> : <code>{type}</code>}</>
            ))}
          </p>
          {Object.values(content).map((one) => isNew(one, shown) && <Examples of="Example" content={one} />)}
        </>
      ))}
    <Problems operation={operation} />
  </>
);

/** A response's type. A page of records is described by the type of its records. */
const Answered = ({ schema }: { schema: Json }) => {
  const data = (schema["properties"] as Record<string, Json> | undefined)?.["data"];
  if (data === undefined) return schema["properties"] === undefined ? <TypeName schema={schema} /> : <>an object</>;
  return (
    <>
      <code>data</code>, a <TypeName schema={data} />
      {"next_cursor" in (schema["properties"] as object) && (
        <>
          , and <code>next_cursor</code>
        </>
      )}
    </>
  );
};

function Problems({ operation }: { operation: Operation }) {
  const problems = Object.entries(operation.responses).filter(([status]) => isProblem(status));
  if (problems.length === 0) return null;
  return (
    <ul class="codes" aria-label="Problems">
      {problems.flatMap(([status, { content = {} }]) =>
        Object.keys(content["application/problem+json"]?.examples ?? {}).map((code) => (
          <li>
            <a href={`/docs/errors#${code}`}>
              {status} {code}
            </a>
          </li>
        )),
      )}
    </ul>
  );
}

const optionsOf = ({ enum: values, type }: Json): readonly unknown[] | null =>
  Array.isArray(values) ? values : type === "boolean" ? [true, false] : null;

const Input = ({ id, parameter }: { id: string; parameter: Parameter }) => {
  const { name, in: where, required, schema, example } = parameter;
  const options = optionsOf(schema);
  const given = { id, name: `${where}:${name}` };
  return (
    <div class="field">
      <label for={id}>{name}</label>
      {options === null ? (
        <input
          {...given}
          type="text"
          required={required}
          value={required ? (typeof example === "string" ? example : "") : ""}
        />
      ) : (
        <select {...given}>
          <option value="">–</option>
          {options.map((value) => (
            <option>{String(value)}</option>
          ))}
        </select>
      )}
    </div>
  );
};

/** Shown with JavaScript only. */
const TryIt = ({ operation }: { operation: Operation }) => {
  const { operationId: id, method, path, parameters } = operation;
  const body = bodyOf(operation);
  return (
    <form hidden data-try={path} data-method={method} data-open={needsToken(operation) ? undefined : ""}>
      <div class="row">
        {parameters.map((parameter) => (
          <Input id={`${id}-${parameter.name}`} parameter={parameter} />
        ))}
      </div>
      {body !== undefined && (
        <div class="field">
          <label for={`${id}-body`}>Body</label>
          <textarea id={`${id}-body`} name="body" rows={8} spellcheck={false}>
            {pretty(firstExample(body))}
          </textarea>
        </div>
      )}
      <button class="button primary" type="submit">
        Send {method}
      </button>
      <p role="status" class="hint" data-status />
      <pre tabindex={0} role="region" aria-label="Response" data-answer hidden />
    </form>
  );
};

/** @param shown names of schemas whose example the page already has; extended here */
export const OperationView = ({
  operation,
  origin,
  shown,
}: {
  operation: Operation;
  origin: string;
  shown: Set<string>;
}) => {
  const { operationId: id, method, path, summary, description, parameters } = operation;
  const body = bodyOf(operation);
  return (
    <section class="card" id={id} aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>{summary}</h2>
      <p>
        <Verb method={method} /> <code>{path}</code>
      </p>
      {description !== undefined && <Paragraphs text={description} />}
      {(parameters.length > 0 || body !== undefined) && <h3>Request</h3>}
      {parameters.length > 0 && <ParameterList parameters={parameters} />}
      {body !== undefined && (
        <>
          <p>
            Body ({operation.requestBody?.required === true ? "required" : "optional"}):{" "}
            <TypeName schema={body.schema} />
          </p>
          <Examples of="Example" content={body} />
        </>
      )}
      <h3>Responses</h3>
      <Answers operation={operation} shown={shown} />
      <details>
        <summary>Try it</summary>
        <div class="copyable">
          <pre tabindex={0} role="region" aria-label={`${summary}, as a command`}>
            {curlCommand(operation, origin)}
          </pre>
          <button type="button" class="button" data-copy hidden>
            Copy
          </button>
        </div>
        <TryIt operation={operation} />
      </details>
    </section>
  );
};
