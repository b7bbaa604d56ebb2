// Renders a JSON Schema: fields with types and constraints, and variants to expand.
import { refOf, type Json } from "./contract.ts";
import { Inline, SchemaLink } from "./frame.tsx";

const asList = (value: unknown): readonly Json[] => (Array.isArray(value) ? (value as Json[]) : []);
const fieldsOf = (schema: Json): [string, Json][] =>
  Object.entries((schema["properties"] ?? {}) as Record<string, Json>);
const variantsOf = (schema: Json): readonly Json[] => asList(schema["oneOf"] ?? schema["anyOf"] ?? schema["readAll"]);
const isNull = ({ type }: Json): boolean => type === "null";

/** The schema whose fields are shown: itself, its list item, or its only variant. */
function bodyOf(schema: Json): Json | null {
  if (fieldsOf(schema).length > 0) return schema;
  if (typeof schema["items"] === "object") return bodyOf(schema["items"] as Json);
  const variants = variantsOf(schema).filter((variant) => !isNull(variant));
  if (variants.length === 1 && variants[0] !== undefined) return bodyOf(variants[0]);
  return variants.some((variant) => fieldsOf(variant).length > 0) ? schema : null;
}

const json = (value: unknown): string => JSON.stringify(value) ?? "";
const showValue = (value: unknown): string => (typeof value === "string" ? value : json(value));

/** The type in short, with links to named schemas. */
export const TypeName = ({ schema }: { schema: Json }) => {
  const name = refOf(schema);
  if (name !== null) return <SchemaLink name={name} />;
  if (schema["const"] !== undefined) return <code>{json(schema["const"])}</code>;
  const values = schema["enum"];
  if (Array.isArray(values)) return <>{values.map((value, at) => [at > 0 ? ", " : "", <code>{json(value)}</code>])}</>;
  if (schema["type"] === "array")
    return (
      <>
        list of <TypeName schema={(schema["items"] ?? {}) as Json} />
      </>
    );
  const variants = variantsOf(schema);
  if (variants.length > 3) return <>one of {variants.length} forms</>;
  if (variants.length > 0)
    return <>{variants.map((variant, at) => [at > 0 ? " or " : "", <TypeName schema={variant} />])}</>;
  if (schema["format"] === "date-time") return <>date-time</>;
  return <>{typeof schema["type"] === "string" ? schema["type"] : "any value"}</>;
};

const BOUNDS = [
  ["minimum", "at least"],
  ["exclusiveMinimum", "more than"],
  ["maximum", "at most"],
  ["minLength", "minimum length"],
  ["maxLength", "maximum length"],
  ["minItems", "minimum items"],
  ["maxItems", "maximum items"],
] as const;

const boundsOf = (schema: Json): string =>
  [
    ...BOUNDS.flatMap(([word, says]) => (schema[word] === undefined ? [] : [`${says} ${json(schema[word])}`])),
    ...(schema["default"] === undefined ? [] : [`default \`${json(schema["default"])}\``]),
  ].join("; ");

const Field = ({ name, schema, required }: { name: string; schema: Json; required: boolean }) => {
  const bounds = boundsOf(schema);
  const inner = refOf(schema) === null ? bodyOf(schema) : null;
  return (
    <div>
      <dt>
        <code>{name}</code>{" "}
        <span>
          <TypeName schema={schema} />
          {required && ", required"}
        </span>
      </dt>
      <dd>
        {typeof schema["description"] === "string" && (
          <p>
            <Inline text={schema["description"]} />
          </p>
        )}
        {bounds !== "" && (
          <small>
            <Inline text={bounds} />
          </small>
        )}
        {inner !== null && <SchemaView schema={inner} />}
      </dd>
    </div>
  );
};

/** The title of a variant: the value of its type field, or its fields. */
function titleOf(variant: Json): string {
  const type = Object.fromEntries(fieldsOf(variant))["type"];
  const named = type?.["const"] ?? type?.["enum"];
  if (named !== undefined) return [named].flat().map(showValue).join(", ");
  const fields = fieldsOf(variant).map(([name]) => name);
  return fields.length > 0 ? `with ${fields.slice(0, 3).join(", ")}` : showValue(variant["type"] ?? "another form");
}

/** Fields that are the same in all variants. */
function sharedBy(variants: readonly Json[]): ReadonlySet<string> {
  const [first, ...others] = variants.map(
    (variant) => new Map(fieldsOf(variant).map(([name, field]) => [name, json(field)])),
  );
  return new Set(
    [...(first ?? [])].flatMap(([name, field]) => (others.every((one) => one.get(name) === field) ? name : [])),
  );
}

const Fields = ({ schema, but = new Set() }: { schema: Json; but?: ReadonlySet<string> }) => {
  const required = Array.isArray(schema["required"]) ? (schema["required"] as string[]) : [];
  const fields = fieldsOf(schema).filter(([name]) => !but.has(name));
  return (
    <dl class="fields">
      {fields.map(([name, field]) => (
        <Field name={name} schema={field} required={required.includes(name)} />
      ))}
    </dl>
  );
};

const Variants = ({ variants }: { variants: readonly Json[] }) => {
  const open = variants.filter((variant) => fieldsOf(variant).length > 0);
  const shared = open.length > 1 ? sharedBy(open) : new Set<string>();
  const own = new Set(
    open.flatMap((variant) => fieldsOf(variant).map(([name]) => name)).filter((name) => !shared.has(name)),
  );
  return (
    <>
      {shared.size > 0 && open[0] !== undefined && <Fields schema={open[0]} but={own} />}
      {variants.map((variant) =>
        open.includes(variant) ? (
          <details>
            <summary>{titleOf(variant)}</summary>
            <Fields schema={variant} but={shared} />
          </details>
        ) : (
          <p>
            <TypeName schema={variant} />
          </p>
        ),
      )}
    </>
  );
};

/** Fields, or shared fields followed by variants to expand. */
export const SchemaView = ({ schema }: { schema: Json }) =>
  fieldsOf(schema).length === 0 && variantsOf(schema).length > 0 ? (
    <Variants variants={variantsOf(schema)} />
  ) : (
    <Fields schema={schema} />
  );
