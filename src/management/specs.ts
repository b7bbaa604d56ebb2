// The form of a source, destination and connection: its schema, and the checks that need this deployment.
import { headerFaults } from "../delivery/index.ts";
import { connectionSpecSchema, type ConnectionSpec } from "../model/connection.ts";
import { destinationSpecSchema, DESTINATION_TYPES, SPEC_OF_TYPE, type DestinationSpec } from "../model/destination.ts";
import { responseFault } from "../model/response.ts";
import { sourceSpecSchema, type SourceSpec } from "../model/source.ts";
import { checkRouting } from "../routing/index.ts";
import { invalid, pointerTo, refuseFaults } from "../model/problem.ts";
import { parse } from "../model/parse.ts";
import { readSpec, specToStore } from "../model/stored-spec.ts";
import type * as z from "zod";
import { isObject, type JsonObject } from "../kernel/json-object.ts";
import type { ManagementPorts } from "./ports.ts";
import { checkCallbacks, checkUrlField } from "./urls.ts";
import type { Kind } from "../store/index.ts";
import { checkBroker } from "./brokers.ts";

export type CheckPorts = Pick<ManagementPorts, "urls" | "callbackSecrets" | "hasCertificate" | "hasQueue">;

/** What one record of a kind is called. */
export const KIND_NAMES = { sources: "source", destinations: "destination", connections: "connection" } as const;

interface SpecOf {
  readonly sources: SourceSpec;
  readonly destinations: DestinationSpec;
  readonly connections: ConnectionSpec;
}
export type Spec = SpecOf[Kind];

export const SPEC_SCHEMAS = {
  sources: sourceSpecSchema,
  destinations: destinationSpecSchema,
  connections: connectionSpecSchema,
} as const;

/** The schema of each field that a record has. @param spec decides the type of a destination */
export function fieldsOf(kind: Kind, spec: JsonObject): Readonly<Record<string, z.ZodType>> {
  if (kind !== "destinations") return SPEC_SCHEMAS[kind].shape;
  const type = DESTINATION_TYPES.find((one) => one === spec["type"]) ?? "http";
  return SPEC_OF_TYPE[type].shape;
}

/** The form of a whole record. Throws a problem that names every field that is wrong. */
export function parseSpec(kind: Kind, input: JsonObject): Spec {
  if (kind === "destinations") refuseTlsFields(input);
  return parse(SPEC_SCHEMAS[kind], input);
}

/** Fields by which clients of brokers name their own certificates: the platform would ignore them without a word. */
const TLS_FIELDS = ["ca", "cert", "key_file", "client_certificate", "client_key", "servername", "reject_unauthorized"];

function refuseTlsFields(input: JsonObject): void {
  const tls = input["tls"];
  const given = [
    ...TLS_FIELDS.filter((field) => field in input).map((field) => pointerTo(field)),
    ...(isObject(tls) ? ["/tls"] : []),
  ];
  const detail = "cannot be configured: the platform accepts public certificates only, and sends none of its own";
  if (given.length > 0) refuseFaults(given.map((pointer) => ({ pointer, detail })));
}

/** @param json a spec as stored, which may have fields of a newer release */
export const readStoredSpec = (kind: Kind, json: string): Spec => readSpec(SPEC_SCHEMAS[kind], json);

/** Releases from before brokers take every destination for an HTTP API and would post to it. They cannot read this method, so they wait. */
const NO_METHOD = "none";

/** The spec of a new record, as JSON. */
export const newStoredSpec = (kind: Kind, spec: Spec): string =>
  JSON.stringify(kind === "destinations" && typeOf(spec) !== "http" ? { ...spec, method: NO_METHOD } : spec);

/** The spec that replaces the one `stored`, as JSON that other releases can read. */
export function writeStoredSpec(kind: Kind, stored: string, next: Spec): string {
  const before = JSON.parse(stored) as JsonObject;
  if (kind === "destinations" && typeOf(before) !== typeOf(next)) return newStoredSpec(kind, next);
  return JSON.stringify(specToStore(SPEC_SCHEMAS[kind], before, next));
}

/** Of a destination; earlier releases stored none. */
const typeOf = (spec: object): unknown => ("type" in spec ? spec.type : "http");

/** What the schema cannot know. Throws a problem that names the field. */
export async function checkSpec(kind: Kind, checked: Spec, ports: CheckPorts): Promise<void> {
  switch (kind) {
    case "sources": {
      const { verification, response } = checked as SourceSpec;
      const fault = response === null ? null : responseFault(response);
      if (fault !== null) throw invalid(`/response${fault.pointer}`, fault.detail);
      if (verification.type === "jwt" && verification.jwks_url !== undefined)
        await checkUrlField("/verification/jwks_url", verification.jwks_url, ports.urls);
      return;
    }
    case "connections": {
      const spec = checked as ConnectionSpec;
      const faults = checkRouting(spec);
      if (faults.length > 0) refuseFaults(faults);
      return checkCallbacks(ports, spec);
    }
    case "destinations": {
      const spec = checked as DestinationSpec;
      const faults = headerFaults(spec.headers).map(({ name, detail }) => ({
        pointer: pointerTo("headers", name),
        detail,
      }));
      if (faults.length > 0) refuseFaults(faults);
      if (spec.type === "listener" || spec.type === "mock") return;
      if (spec.type !== "http") return checkBroker(spec, ports);
      await checkUrlField("/url", spec.url, ports.urls);
      if (spec.auth.type === "oauth2_client_credentials")
        await checkUrlField("/auth/token_url", spec.auth.token_url, ports.urls);
      if (spec.auth.type === "mtls" && !ports.hasCertificate(spec.auth.binding))
        throw invalid("/auth/binding", "is not an mTLS certificate binding of this Worker");
      return;
    }
  }
}
