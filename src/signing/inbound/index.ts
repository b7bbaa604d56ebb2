// Checks whether a request comes from the sender that the source expects.
export { consumedCredentials } from "./consumed-credentials.ts";
export { beginCheck, demandsNothing } from "./begin-check.ts";
export { EVENT_TYPE_PLACES } from "./event-type-places.ts";
export { eventType } from "./event-type.ts";
export { PRESETS } from "./presets.ts";
export { fetchTextWith, remoteTexts, type RemoteTexts } from "./remote-texts.ts";
