// A field that takes the name of a source, destination or connection: a slug or an id. The latest are suggested while typing; there may be more of
// them than any page holds. What names none is answered with those whose name is similar, so that all can be found without JavaScript too.
import type { Api } from "../api-client.ts";
import type { List } from "../shapes.ts";
import { Field, type FieldErrors } from "./fields.tsx";

/** How many are suggested while typing, and how many for a text that names none. */
const SUGGESTED = 200;
const SIMILAR = 10;

interface Choosable {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
}

export interface Choices<T extends Choosable = Choosable> {
  /** What the field holds: the slug where the record exists, else as given. */
  readonly value: string;
  readonly id: string | null;
  readonly suggested: readonly T[];
  /** Those that may be meant where `value` names none. */
  readonly similar: readonly Choosable[];
}

/** @param path of the list in the API @param given slug, id, or part of a name */
export async function readChoices<T extends Choosable>(
  api: Api,
  path: "/sources" | "/destinations" | "/connections",
  given: string | undefined,
): Promise<Choices<T>> {
  const value = given?.trim() ?? "";
  const { data: suggested } = await api.get<List<T>>(path, { limit: SUGGESTED });
  if (value === "") return { value, id: null, suggested, similar: [] };
  const known =
    suggested.find(({ id, slug }) => id === value || slug === value) ??
    (/^[a-z0-9_-]+$/.test(value) ? await api.find<Choosable>(`${path}/${value}`) : null);
  if (known !== null) return { value: known.slug, id: known.id, suggested, similar: [] };
  const search = await api.send<List<Choosable>>("GET", path, undefined, { search: value, limit: SIMILAR });
  return { value, id: null, suggested, similar: search.ok ? search.data.data : [] };
}

export const Choice = ({
  label,
  name,
  choices,
  error,
  placeholder,
  required,
}: {
  label: string;
  name: string;
  choices: Choices;
  error?: string | undefined;
  /** What an empty field means. */
  placeholder?: string;
  required?: boolean;
}) => (
  <>
    <Field
      label={label}
      name={name}
      value={choices.value}
      error={error}
      list={`${name}-choices`}
      {...(placeholder === undefined ? {} : { placeholder })}
      {...(required === undefined ? {} : { required })}
      {...(choices.similar.length === 0
        ? {}
        : {
            hint: (
              <>
                Did you mean{" "}
                {choices.similar.map(({ slug }, index) => (
                  <>
                    {index > 0 && ", "}
                    <code>{slug}</code>
                  </>
                ))}
                ?
              </>
            ),
          })}
    />
    <datalist id={`${name}-choices`}>
      {choices.suggested.map((one) => (
        <option value={one.slug}>{one.name}</option>
      ))}
    </datalist>
  </>
);

/** The same as a filter of a list. */
export const ChoiceFilter = ({
  of,
  choices,
  errors,
}: {
  of: "Source" | "Destination" | "Connection";
  choices: Choices;
  errors: FieldErrors;
}) => {
  const name = of.toLowerCase();
  return <Choice label={of} name={name} choices={choices} error={errors(`/query/${name}`)} placeholder="All" />;
};
