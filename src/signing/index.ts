// What proves origin, and the secrets that it takes.
export { eventIds, type EventIds } from "./event-ids.ts";
export { createVault, SecretUnavailable, type OpenFailure, type Vault, type VaultMisconfigured } from "./vault.ts";
