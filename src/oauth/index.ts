// Access tokens for destinations that use OAuth 2.0 client credentials.
export { tokenClient, type AccessToken } from "./token-client.ts";
