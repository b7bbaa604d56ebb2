// The form of a source, destination and connection: its schema, and the checks that need this deployment.
import { headerFaults } from "../delivery/index.ts";
import { connectionSpecSchema, type ConnectionSpec } from "../model/connection.ts";
import { destinationSpecSchema, type DestinationSpec } from "../model/destination.ts";
import { responseFault } from "../model/response.ts";
import { sourceSpecSchema, type SourceSpec } from "../model/source.ts";
import { checkRouting } from "../routing/index.ts";
import { invalid, pointerTo, refuseFaults } from "../model/problem.ts";
import { parse } from "../model/parse.ts";
import { readSpec, specToStore } from "../model/stored-spec.ts";
import type { JsonObject } from "../kernel/json-object.ts";
import type { ManagementPorts } from "./ports.ts";
import { checkCallbacks, checkUrlField } from "./urls.ts";
import type { Kind } from "../store/index.ts";

export type CheckPorts = Pick<ManagementPorts, "urls" | "callbackSecrets" | "hasCertificate">;

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

/** The form of a whole record. Throws a problem that names every field that is wrong. */
export const parseSpec = (kind: Kind, input: JsonObject): Spec => parse(SPEC_SCHEMAS[kind], input);

/** @param json a spec as stored, which may have fields of a newer release */
export const readStoredSpec = (kind: Kind, json: string): Spec => readSpec(SPEC_SCHEMAS[kind], json);

/** The spec that replaces the one `stored`, as JSON that other releases can read. */
export const writeStoredSpec = (kind: Kind, stored: string, next: Spec): string =>
  JSON.stringify(specToStore(SPEC_SCHEMAS[kind], JSON.parse(stored) as JsonObject, next));

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
      await checkUrlField("/url", spec.url, ports.urls);
      if (spec.auth.type === "oauth2_client_credentials")
        await checkUrlField("/auth/token_url", spec.auth.token_url, ports.urls);
      if (spec.auth.type === "mtls" && !ports.hasCertificate(spec.auth.binding))
        throw invalid("/auth/binding", "is not an mTLS certificate binding of this Worker");
      return;
    }
  }
}
