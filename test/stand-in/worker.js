// A Worker with Sluice's Durable Objects and handlers, and nothing in them: quick to bundle.
import { DurableObject } from "cloudflare:workers";

export class DestinationGate extends DurableObject {}
export class DedupeIndex extends DurableObject {}
export class SourceLimit extends DurableObject {}
export class OAuthTokens extends DurableObject {}
export class LiveFeed extends DurableObject {}
export class Listeners extends DurableObject {}
export default { fetch: () => new Response(null), queue() {}, scheduled() {} };
