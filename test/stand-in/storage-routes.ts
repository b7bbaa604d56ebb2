// D1, KV and R2 of the stand-in.
import { randomUUID } from "node:crypto";
import { D1 } from "./d1.ts";
import { present, refuse } from "./refusal.ts";
import { Contents, param, type Request, type Route } from "./routes.ts";
import { hex, instant, type State } from "./state.ts";

const A = "/accounts/:a";

function database({ state }: Request, idOrName: string): readonly [string, State["d1"][string]] {
  const found = Object.entries(state.d1).find(([id, { name }]) => id === idOrName || name === idOrName);
  return present(found, 7404, "The database could not be found");
}
const databaseView = ([uuid, { name }]: readonly [string, { readonly name: string }]) => ({
  uuid,
  name,
  version: "production",
});

const d1: Route[] = [
  [
    "GET",
    `${A}/d1/database`,
    ({ state, query }) =>
      Object.entries(state.d1)
        .filter(([, { name }]) => name.includes(query.get("name") ?? ""))
        .map(databaseView),
  ],
  [
    "POST",
    `${A}/d1/database`,
    ({ state, body }) => {
      const name = String(body["name"]);
      if (Object.values(state.d1).some((one) => one.name === name))
        return refuse(7502, `Database with name '${name}' already exists`);
      const uuid = randomUUID();
      state.d1[uuid] = { name, db: new D1() };
      return { uuid, name };
    },
  ],
  ["GET", `${A}/d1/database/:d`, (request) => databaseView(database(request, param(request, "d")))],
  [
    "DELETE",
    `${A}/d1/database/:d`,
    (request) => {
      const [id] = database(request, param(request, "d"));
      const user = Object.entries(request.state.scripts).find(([, script]) =>
        script.versions.at(-1)?.bindings.some((binding) => binding["id"] === id),
      );
      if (user !== undefined) return refuse(7405, `The database is bound to the Worker '${user[0]}'`);
      delete request.state.d1[id];
      return null;
    },
  ],
  [
    "POST",
    `${A}/d1/database/:d/query`,
    (request) => database(request, param(request, "d"))[1].db.query(String(request.body["sql"])),
  ],
  [
    "GET",
    `${A}/d1/database/:d/time_travel/bookmark`,
    (request) => {
      const { db } = database(request, param(request, "d"))[1];
      const at = request.query.get("timestamp");
      return { bookmark: at === null ? db.bookmark() : db.bookmarkAt(at) };
    },
  ],
  [
    "POST",
    `${A}/d1/database/:d/time_travel/restore`,
    (request) => {
      const bookmark = request.query.get("bookmark") ?? "";
      const previous_bookmark = database(request, param(request, "d"))[1].db.restore(bookmark);
      return { bookmark, previous_bookmark, message: "restored" };
    },
  ],
  [
    "POST",
    `${A}/d1/database/:d/export`,
    (request) => {
      const [id, { db }] = database(request, param(request, "d"));
      // The first call begins the export, the next one finds it complete.
      if (request.body["current_bookmark"] === undefined)
        return { success: true, type: "export", status: "active", at_bookmark: db.bookmark(), messages: [] };
      const result = { filename: `${id}.sql`, signed_url: `${request.origin}/_dump/${id}` };
      return { success: true, type: "export", status: "complete", at_bookmark: db.bookmark(), messages: [], result };
    },
  ],
  [
    "POST",
    `${A}/d1/database/:d/import`,
    (request) => {
      const [id, { db }] = database(request, param(request, "d"));
      if (request.body["action"] === "init")
        return { success: true, type: "import", filename: "upload.sql", upload_url: `${request.origin}/_upload/${id}` };
      if (request.body["action"] === "ingest")
        return { success: true, type: "import", status: "active", at_bookmark: db.bookmark(), messages: [] };
      const num_queries = db.query(db.uploaded, true).length;
      const meta = { duration: 1, rows_read: 0, rows_written: num_queries, size_after: 0 };
      const result = { num_queries, final_bookmark: db.bookmark(), meta };
      return { success: true, type: "import", status: "complete", messages: [], result };
    },
  ],
];

const kv: Route[] = [
  [
    "GET",
    `${A}/storage/kv/namespaces`,
    ({ state }) => Object.entries(state.kv).map(([id, { title }]) => ({ id, title })),
  ],
  [
    "POST",
    `${A}/storage/kv/namespaces`,
    ({ state, body }) => {
      const title = String(body["title"]);
      if (Object.values(state.kv).some((one) => one.title === title))
        return refuse(10014, "A namespace with this account ID and title already exists.");
      const id = hex();
      state.kv[id] = { title };
      return { id, title };
    },
  ],
  [
    "DELETE",
    `${A}/storage/kv/namespaces/:k`,
    (request) => {
      present(request.state.kv[param(request, "k")], 10013, "namespace not found");
      delete request.state.kv[param(request, "k")];
      return null;
    },
  ],
];

function ready({ state }: Request): State["r2"] {
  return state.settings.r2 ? state.r2 : refuse(10042, "Please enable R2 through the Cloudflare Dashboard.", 403);
}
const NO_BUCKET = "The specified bucket does not exist.";

const objects = (request: Request): Map<string, string> =>
  present(ready(request)[param(request, "b")], 10006, NO_BUCKET);

const r2: Route[] = [
  [
    "POST",
    `${A}/r2/buckets`,
    (request) => {
      const [buckets, name] = [ready(request), String(request.body["name"])];
      if (buckets[name] !== undefined)
        return refuse(10004, "The bucket you tried to create already exists, and you own it.", 409);
      buckets[name] = new Map();
      return { name, creation_date: instant() };
    },
  ],
  [
    "GET",
    `${A}/r2/buckets/:b`,
    (request) => {
      present(ready(request)[param(request, "b")], 10006, NO_BUCKET);
      return { name: param(request, "b") };
    },
  ],
  [
    "DELETE",
    `${A}/r2/buckets/:b`,
    (request) => {
      const objects = present(ready(request)[param(request, "b")], 10006, NO_BUCKET);
      if (objects.size > 0) return refuse(10008, "The bucket you tried to delete is not empty.", 409);
      delete request.state.r2[param(request, "b")];
      return null;
    },
  ],
  [
    "GET",
    `${A}/r2/buckets/:b/objects/(?<o>.+)`,
    (request) => new Contents(present(objects(request).get(param(request, "o")), 10007, "no such object")),
  ],
  [
    "PUT",
    `${A}/r2/buckets/:b/objects/(?<o>.+)`,
    (request) => {
      objects(request).set(param(request, "o"), request.text);
      return {};
    },
  ],
  [
    "DELETE",
    `${A}/r2/buckets/:b/objects/(?<o>.+)`,
    (request) => {
      objects(request).delete(param(request, "o"));
      return {};
    },
  ],
];

export const storageRoutes: readonly Route[] = [...d1, ...kv, ...r2];
