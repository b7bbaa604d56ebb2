// Verifies who sent a request, signs what Sluice sends, and encrypts the secrets for both.
export { accessIdentity, type AccessFailure } from "./access.ts";
export { callbackSecrets } from "./callback-secrets.ts";
export { eventIds, type EventIds } from "./event-ids.ts";
export { createSessions, type Session, type Sessions } from "./sessions.ts";
export { configPlace, createVault, SecretUnavailable, type SecretPlace, type Vault } from "./vault.ts";
export {
  consumedCredentials,
  beginCheck,
  demandsNothing,
  EVENT_TYPE_PLACES,
  eventType,
  fetchTextWith,
  PRESETS,
  remoteTexts,
  type RemoteTexts,
} from "./inbound/index.ts";
export { workerBinding, workerSecret } from "./worker-secret.ts";
export { isPreset, sampleOf, sampleTypes } from "./samples/samples.ts";
export { plainSample, signSample, type SampleRequest } from "./samples/sign-sample.ts";
export type { Sample } from "./samples/sample.ts";
export { reseal } from "./reseal.ts";
export { SIGV4_HEADERS, signAwsV4 } from "./outbound/aws-sigv4.ts";
export type { BodySigner } from "./outbound/body-signer.ts";
export { basicHeader, fitsHeader, withQuery } from "./outbound/credentials.ts";
export { hmacSecretBytes, signCustomHmac } from "./outbound/custom-hmac.ts";
export {
  kindOfSigningSecret,
  needsWholeBody,
  newSigningSecret,
  derivePublicKey,
  signStandardWebhooks,
} from "./outbound/standard-webhooks.ts";
