// `/docs`: the API reference, generated from the OpenAPI document. Public.
import type { Hono } from "hono";
import { shellQuote } from "../components/shell-quote.ts";
import type { Ctx, DashboardDeps, DashEnv } from "../deps.ts";
import { readContract, type Chapter, type Contract, type OpenApi } from "./contract.ts";
import { Frame, Inline, Paragraphs, SchemaLink } from "./frame.tsx";
import { GuidesPage } from "./guides.tsx";
import { OperationView, Verb } from "./operation.tsx";
import { SchemaView } from "./schema-view.tsx";

const FirstPage = ({ contract, origin }: { contract: Contract; origin: string }) => (
  <Frame title="API reference" slug="" contract={contract}>
    <div class="card">
      <Paragraphs text={contract.about} />
      <p>
        Every request needs a bearer token: the secret <code>SLUICE_ADMIN_TOKEN</code>, or{" "}
        <a href="/docs/tokens-and-audit">one created through the API</a>. Lists are paged: pass <code>next_cursor</code>{" "}
        as the <code>cursor</code> of the next request. <a href="/docs/errors">Errors</a> explains every problem code.
        The complete contract is <a href="/openapi.json">openapi.json</a>, in OpenAPI 3.1.
      </p>
      <div class="copyable">
        <pre tabindex={0} role="region" aria-label="Example request">
          {`curl -g -H "Authorization: Bearer $SLUICE_TOKEN" ${shellQuote(`${origin}/api/v1/events?limit=5`)}`}
        </pre>
        <button type="button" class="button" data-copy hidden>
          Copy
        </button>
      </div>
    </div>
    <div class="field narrow" data-filter hidden>
      <label for="search">Find an operation</label>
      <input type="search" id="search" autocomplete="off" />
      <p class="hint" role="status" data-found />
    </div>
    {contract.chapters.map((chapter) => (
      <Contents chapter={chapter} />
    ))}
  </Frame>
);

const Contents = ({ chapter: { slug, name, description, operations } }: { chapter: Chapter }) => (
  <section class="card" data-group>
    <h2>
      <a href={`/docs/${slug}`}>{name}</a>
    </h2>
    <p>{description}</p>
    <ul class="operations">
      {operations.map(({ operationId, method, path, summary }) => (
        <li data-find={`${method} ${path} ${summary} ${operationId}`.toLowerCase()}>
          <Verb method={method} /> <a href={`/docs/${slug}#${operationId}`}>{summary}</a>{" "}
          <code class="muted">{path}</code>
        </li>
      ))}
    </ul>
  </section>
);

const ChapterPage = ({ chapter, contract, origin }: { chapter: Chapter; contract: Contract; origin: string }) => {
  const shown = new Set<string>();
  return (
    <Frame title={chapter.name} slug={chapter.slug} contract={contract}>
      <p>{chapter.description}</p>
      <form class="card narrow" data-token hidden>
        <div class="field">
          <label for="token">API token</label>
          <input id="token" type="password" autocomplete="off" spellcheck={false} />
          <p class="hint">
            Used by the forms below, which send real requests to this deployment. The token stays in this page's memory
            and is gone when you leave the page.
          </p>
        </div>
      </form>
      {chapter.operations.map((operation) => (
        <OperationView operation={operation} origin={origin} shown={shown} />
      ))}
      {chapter.schemas.length > 0 && (
        <section class="card">
          <h2>
            <a href={`/docs/${chapter.slug}/schemas`}>Schemas</a>
          </h2>
          <ul class="codes" aria-label="Schemas">
            {chapter.schemas.map((name) => (
              <li>
                <SchemaLink name={name} />
              </li>
            ))}
          </ul>
        </section>
      )}
    </Frame>
  );
};

const SchemasPage = ({ chapter, contract }: { chapter: Chapter; contract: Contract }) => (
  <Frame title={`${chapter.name}: schemas`} slug={chapter.slug} contract={contract}>
    <p>
      What the requests and responses of <a href={`/docs/${chapter.slug}`}>{chapter.name}</a> contain.
    </p>
    {chapter.schemas.map((name) => (
      <section class="card" id={name}>
        <h2>{name}</h2>
        {typeof contract.schemas[name]?.["description"] === "string" && (
          <p>
            <Inline text={contract.schemas[name]["description"]} />
          </p>
        )}
        <SchemaView schema={contract.schemas[name] ?? {}} />
      </section>
    ))}
  </Frame>
);

const ErrorsPage = ({ contract }: { contract: Contract }) => (
  <Frame title="Errors" slug="errors" contract={contract}>
    <p>
      Every error is <code>application/problem+json</code> (RFC 9457): <code>type</code>, <code>title</code>,{" "}
      <code>status</code>, <code>detail</code>, <code>code</code>, <code>request_id</code>, and for bad input{" "}
      <code>errors</code>, a list of <code>pointer</code> and <code>detail</code>. The log has the same request id. The{" "}
      <code>type</code> links here.
    </p>
    {contract.problems.map(({ const: code, title, description, "x-status": status }) => (
      <section class="card" id={code}>
        <h2>
          <code>{code}</code>
        </h2>
        <p>
          <strong>{status}</strong> {title}
        </p>
        <p>
          <Inline text={description} />
        </p>
      </section>
    ))}
  </Frame>
);

export function mountDocs(app: Hono<DashEnv>, { call }: Pick<DashboardDeps, "call">): void {
  // The document is the same for every request, except for the URL.
  let read: Contract | null = null;
  const loadContract = async (c: Ctx): Promise<Contract> =>
    (read ??= readContract(
      await (await call(new Request(`${new URL(c.req.url).origin}/openapi.json`), null)).json<OpenApi>(),
    ));
  app.get("/docs", async (c) =>
    c.html(<FirstPage contract={await loadContract(c)} origin={new URL(c.req.url).origin} />),
  );
  app.get("/docs/errors", async (c) => c.html(<ErrorsPage contract={await loadContract(c)} />));
  app.get("/docs/guides", async (c) => c.html(<GuidesPage contract={await loadContract(c)} />));
  const chapterOf = (contract: Contract, c: Ctx): Chapter | undefined =>
    contract.chapters.find(({ slug }) => slug === c.req.param("chapter"));
  app.get("/docs/:chapter", async (c) => {
    const contract = await loadContract(c);
    const chapter = chapterOf(contract, c);
    if (chapter === undefined) return c.notFound();
    return c.html(<ChapterPage chapter={chapter} contract={contract} origin={new URL(c.req.url).origin} />);
  });
  app.get("/docs/:chapter/schemas", async (c) => {
    const contract = await loadContract(c);
    const chapter = chapterOf(contract, c);
    if (chapter === undefined || chapter.schemas.length === 0) return c.notFound();
    return c.html(<SchemasPage chapter={chapter} contract={contract} />);
  });
}
