// The first step of connecting a provider: which one. Each is a link, so it works without JavaScript; the script narrows them while typing.
import { GENERIC, PROVIDERS } from "../forms/source-form.ts";

/** A provider's mark: two capitals of its name, or its first two letters. */
const Mark = ({ name }: { name: string }) => (
  <span class="provider-mark" aria-hidden="true">
    {(/^(\p{Lu})[^(]*?(\p{Lu})/u.exec(name)?.slice(1).join("") ?? "") || name.slice(0, 2)}
  </span>
);

const fits = (term: string, ...texts: readonly string[]): boolean =>
  texts.some((text) => text.toLowerCase().includes(term.trim().toLowerCase()));

type Entry = readonly [type: string, name: string];

const List = ({
  id,
  of,
  found,
  query,
}: {
  id?: string;
  of: readonly Entry[];
  found: readonly Entry[];
  query: string;
}) => (
  <ul class="providers" id={id}>
    {of.map(([type, name]) => (
      <li hidden={!found.some(([one]) => one === type)}>
        <a href={`/connect?provider=${type}${query}`}>
          <Mark name={name} />
          {name}
        </a>
      </li>
    ))}
  </ul>
);

/** A standard rather than a provider: for any other sender too. */
const isStandard = ([type]: Entry): boolean => type === "standard_webhooks";
const NAMED = PROVIDERS.filter((one) => !isStandard(one));
const METHODS = [...PROVIDERS.filter(isStandard), ...GENERIC];

/** @param term what was searched for @param query further parameters of each link, with the ampersand before them */
export const Pick = ({ term, query }: { term: string; query: string }) => {
  const found = NAMED.filter(([type, name]) => fits(term, type, name));
  return (
    <>
      <form class="filters" method="get" action="/connect" role="search">
        <div class="field wide">
          <label for="provider-search">Search providers</label>
          <input id="provider-search" name="q" type="search" value={term} autocomplete="off" data-narrows="providers" />
        </div>
        <button class="button" type="submit">
          Search
        </button>
      </form>
      <List id="providers" of={NAMED} found={found} query={query} />
      <p class="muted" id="providers-none" hidden={found.length > 0}>
        No such provider. If it signs with an HMAC or by Standard Webhooks, take that; otherwise another of the methods.
      </p>
      <h2>Any other sender</h2>
      <List of={METHODS} found={METHODS} query={query} />
    </>
  );
};
