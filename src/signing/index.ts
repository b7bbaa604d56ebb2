// What proves origin, and the secrets that it takes.
export { eventIds, type EventIds } from "./event-ids.ts";
export { createVault, SecretUnavailable, type OpenFailure, type Vault, type VaultMisconfigured } from "./vault.ts";
export {
  beginCheck,
  demandsNothing,
  fetchTextWith,
  PRESETS,
  remoteTexts,
  type Check,
  type FailureCause,
  type FetchText,
  type InboundHead,
  type RemoteTexts,
  type Verdict,
} from "./inbound/index.ts";
