// Calls every operation of the contract: its success and every declared problem. Each answer is compared with the document.
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { ProblemCode } from "../../../../src/model/problem-codes.ts";
import { scopeOf } from "../../../../src/api/scopes.ts";
import type { AppDeps } from "../../../../src/worker/app.ts";
import { MAX_API_BODY_BYTES, MAX_CONFIG_BYTES } from "../../../../src/config/limits.ts";
import { readSettings } from "../../../../src/config/env.ts";
import { decodeUtf8 } from "../../../../src/kernel/bytes.ts";
import { readContract, type Listed } from "../../../contract.ts";
import { createClient, unique } from "../harness.ts";
import { call, exemplary, type Scenario, type Sent } from "./scenario.ts";
import { SCENARIOS } from "./scenarios.ts";

const ADMIN = { authorization: "Bearer test-admin-token-of-the-tests" };
const { operations, answerFaults, parametersOf } = readContract(
  await (await createClient().app.request("http://sluice.test/openapi.json")).json(),
);
const isOpen = ({ security }: Listed): boolean => security?.length === 0;
const tokens = new Map<string, string>();
for (const scope of ["read", "write"])
  tokens.set(scope, (await call("POST", "/tokens", { name: scope, scope })).json.token);

interface Got {
  readonly status: number;
  readonly code: string | null;
  /** What a problem names as wrong. */
  readonly pointers: readonly string[];
  readonly faults: readonly unknown[];
}

interface Refusal {
  readonly code: string;
  readonly errors?: readonly { readonly pointer: string }[];
}

/** Sends a scenario's request as `operation`, and compares the answer with the contract. */
async function send(operation: Listed, sent: Sent, headers: Record<string, string> = ADMIN): Promise<Got> {
  const path = operation.path.replace(/\{\w+\}/, sent.id ?? "nowhere") + (sent.rest ?? "");
  const body = typeof sent.body === "string" ? sent.body : JSON.stringify(sent.body);
  const response = await createClient(sent.deps).app.request(
    `http://sluice.test${path}`,
    {
      method: operation.method,
      headers: { "content-type": "application/json", ...headers, ...sent.headers },
      body: body ?? null,
    },
    env,
    createExecutionContext(),
  );
  const text = decodeUtf8(new Uint8Array(await response.arrayBuffer())) ?? "";
  const isProblem = response.headers.get("content-type") === "application/problem+json";
  const refusal = isProblem ? (JSON.parse(text) as Refusal) : null;
  return {
    status: response.status,
    code: refusal?.code ?? null,
    pointers: refusal?.errors?.map(({ pointer }) => pointer) ?? [],
    faults: answerFaults(operation, response.status, response.headers, text),
  };
}

const declaredCodes = ({ responses }: Listed): ProblemCode[] =>
  Object.values(responses).flatMap(
    ({ content = {} }) => Object.keys(content["application/problem+json"]?.examples ?? {}) as ProblemCode[],
  );

const broken: AppDeps["db"] = new Proxy(env.DB, {
  get: () => () => {
    throw new Error("D1 is down");
  },
});

type Way = (operation: Listed, scenario: Scenario) => Promise<Got>;
const afresh = async ({ succeeds }: Scenario, change: Sent): Promise<Sent> => ({ ...(await succeeds()), ...change });
const known = new Map<Scenario, Promise<Sent>>();
/** A request that succeeds, reused for problems that are detected before it has an effect. */
async function like(scenario: Scenario, change: Sent = {}): Promise<Sent> {
  const sent = known.get(scenario) ?? Promise.resolve(scenario.succeeds());
  known.set(scenario, sent);
  return { ...(await sent), ...change };
}
const keyed = (key: string): Sent => ({ headers: { "idempotency-key": key } });

/** How to cause the problems that operations have in common. */
const COMMON: { readonly [C in ProblemCode]?: Way } = {
  unauthorized: async (operation, scenario) => send(operation, await like(scenario), {}),
  too_many_attempts: async (operation, scenario) =>
    send(operation, await like(scenario, { deps: { mayTry: async () => false } }), {
      authorization: "Bearer wrong",
      "cf-connecting-ip": "203.0.113.9",
    }),
  forbidden: async (operation, scenario) => {
    const needed = scopeOf(operation.method, operation.path.replace("/api/v1", ""));
    const weaker = tokens.get(needed === "admin" ? "write" : "read");
    return send(operation, await like(scenario), { authorization: `Bearer ${weaker}` });
  },
  not_configured: (operation, scenario) =>
    like(scenario, { deps: { settings: { ...readSettings(env), adminToken: null } } }).then((sent) =>
      send(operation, sent),
    ),
  // The token has to be looked up in D1, so every operation fails here.
  internal: (operation, scenario) =>
    like(scenario, { deps: { db: broken } }).then((sent) =>
      send(operation, sent, { authorization: `Bearer ${tokens.get("write")}` }),
    ),
  not_found: async (operation, scenario) => send(operation, await like(scenario, { id: "nowhere", deps: {} })),
  malformed_json: async (operation, scenario) => send(operation, await like(scenario, { body: "{" })),
  body_too_large: async (operation, scenario) => {
    const bytes = operation.path.endsWith("/config") ? MAX_CONFIG_BYTES : MAX_API_BODY_BYTES;
    return send(operation, await like(scenario, { body: JSON.stringify({ name: "x".repeat(bytes) }) }));
  },
  invalid: async (operation, scenario) => {
    if (operation.requestBody !== undefined) return send(operation, await like(scenario, { body: { colour: 1 } }));
    return send(operation, await like(scenario, { rest: "?colour=1" }));
  },
  idempotency_mismatch: async (operation, scenario) => {
    const sent = await afresh(scenario, keyed(unique("key")));
    expect((await send(operation, sent)).status).toBeLessThan(300);
    return send(operation, { ...sent, body: { other: true } });
  },
  idempotency_in_flight: async (operation, scenario) => {
    const key = unique("key");
    const sent = await afresh(scenario, keyed(key));
    const first = await send(operation, sent);
    expect([first.status < 300, first.faults]).toEqual([true, []]);
    expect(await send(operation, sent)).toEqual(first);
    await env.DB.prepare("UPDATE idempotency_keys SET status = NULL WHERE key = ?1").bind(key).run();
    return send(operation, sent);
  },
};

describe("the contract", () => {
  it("has a scenario for each of its operations, and for nothing else", () => {
    expect(Object.keys(SCENARIOS).sort()).toEqual(operations.map(({ operationId }) => operationId).sort());
  });

  it("is violated by another status, type, field or header", () => {
    const operation = operations.find(({ operationId }) => operationId === "getCallbackSecrets") as Listed;
    const headers = new Headers({ "content-type": "application/json", "x-request-id": "r" });
    const good = '{"secrets":[]}';
    expect(answerFaults(operation, 200, headers, good)).toEqual([]);
    expect(answerFaults(operation, 418, headers, good)).not.toEqual([]);
    expect(answerFaults(operation, 200, headers, '{"secrets":[],"more":1}')).not.toEqual([]);
    expect(answerFaults(operation, 200, headers, "{}")).not.toEqual([]);
    expect(answerFaults(operation, 200, new Headers({ "content-type": "application/json" }), good)).not.toEqual([]);
    expect(answerFaults(operation, 200, new Headers({ "x-request-id": "r" }), good)).not.toEqual([]);
  });

  it("has example bodies that the API accepts as they are", async () => {
    const { ids, deps } = await exemplary();
    for (const operation of operations.filter(({ path }) => path.startsWith("/api/v1"))) {
      const id = ids[operation.path.split("/")[3] ?? ""];
      for (const [name, { value }] of Object.entries(
        operation.requestBody?.content["application/json"]?.examples ?? {},
      )) {
        const got = await send(operation, { body: value, deps, ...(id === undefined ? {} : { id }) });
        expect([operation.operationId, name, got]).toEqual([
          operation.operationId,
          name,
          { ...got, code: null, faults: [] },
        ]);
      }
    }
  });

  describe.each(operations)("of $method $path", (operation) => {
    const scenario = SCENARIOS[operation.operationId];
    if (scenario === undefined) return;

    it("keeps its success", async () => {
      const statuses = new Set<string>();
      for (const make of [scenario.succeeds, ...(scenario.also ?? [])]) {
        const got = await send(operation, await make(), isOpen(operation) ? {} : ADMIN);
        expect(got).toEqual({ status: got.status, code: null, pointers: [], faults: [] });
        statuses.add(String(got.status));
      }
      const declared = Object.keys(operation.responses).filter((status) => Number(status) < 400);
      expect([...statuses].sort()).toEqual(declared.sort());
    });

    if (!isOpen(operation))
      it("refuses a query parameter that it does not declare, by name and before it does anything", async () => {
        const sent = await afresh(scenario, {});
        const [declared] = parametersOf(operation).filter(({ in: where }) => where === "query");
        const misspelt = declared === undefined ? "colour" : declared.name.replaceAll("_", "").slice(1);
        for (const name of [misspelt, "x-colour", "__proto__"]) {
          const rest = `${sent.rest === undefined ? "?" : `${sent.rest}&`}${name}=true`;
          const got = await send(operation, { ...sent, rest });
          expect(got).toEqual({ status: 422, code: "invalid", pointers: [`/query/${name}`], faults: [] });
        }
        // What it would have deleted is still there.
        expect((await send(operation, sent)).status).toBeLessThan(300);
      });

    const codes = declaredCodes(operation);
    if (codes.length > 0)
      it.each(codes)("keeps its problem %s", async (code) => {
        const own = scenario.refused?.[code];
        const common = COMMON[code];
        const got = own !== undefined ? await send(operation, await own()) : await common?.(operation, scenario);
        expect(got).toMatchObject({ code, faults: [] });
      });
  });
});
