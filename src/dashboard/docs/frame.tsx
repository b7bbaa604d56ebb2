// The frame of the API reference. Its pages are public: they use no session and reveal nothing about this deployment except its URL.
import { createContext, useContext, type Child } from "hono/jsx";
import { Document, SkipLink } from "../layout.tsx";
import type { Chapter, Contract } from "./contract.ts";

/** Text that may contain `code`. */
export const Inline = ({ text }: { text: string }) => (
  <>{text.split("`").map((part, at) => (at % 2 === 1 ? <code>{part}</code> : part))}</>
);

export const Paragraphs = ({ text }: { text: string }) => (
  <>
    {text.split("\n\n").map((part) => (
      <p>
        <Inline text={part} />
      </p>
    ))}
  </>
);

const Chapters = createContext<readonly Chapter[]>([]);

/** The name of a schema, as a link to its description. */
export const SchemaLink = ({ name }: { name: string }) => {
  const home = useContext(Chapters).find(({ schemas }) => schemas.includes(name));
  return home === undefined ? <>{name}</> : <a href={`/docs/${home.slug}/schemas#${name}`}>{name}</a>;
};

interface Props {
  readonly title: string;
  /** The chapter's part of the page's URL; empty for the first page. */
  readonly slug: string;
  readonly contract: Pick<Contract, "chapters">;
  readonly children?: Child;
}

const Entry = ({ to, label, slug }: { to: string; label: string; slug: string }) => (
  <li>
    <a href={to === "" ? "/docs" : `/docs/${to}`} aria-current={to === slug ? "page" : undefined}>
      {label}
    </a>
  </li>
);

export const Frame = ({ title, slug, contract: { chapters }, children }: Props) => (
  <Document title={title}>
    <SkipLink />
    <header class="top">
      <a class="brand" href="/docs">
        Sluice API
      </a>
      <span class="spacer" />
      <a class="button quiet" href="/">
        Dashboard
      </a>
      <a class="button quiet menu" href="#nav">
        Menu
      </a>
    </header>
    <nav id="nav" class="side" aria-label="Main">
      <a class="button quiet close" href="#main">
        Close
      </a>
      <ul>
        <Entry to="" label="Overview" slug={slug} />
        {chapters.map((chapter) => (
          <Entry to={chapter.slug} label={chapter.name} slug={slug} />
        ))}
        <Entry to="errors" label="Errors" slug={slug} />
        <Entry to="guides" label="How it is written" slug={slug} />
      </ul>
    </nav>
    <main id="main" tabindex={-1}>
      <div class="heading">
        <h1 id="title">{title}</h1>
      </div>
      <Chapters.Provider value={chapters}>{children}</Chapters.Provider>
    </main>
    <script type="module" src="/assets/docs.js" />
  </Document>
);
