// The text that `npm start` prints when Sluice is ready: URLs, the token and a first call.

/** @param origin `http://localhost:PORT` */
export function guide(origin: string, token: string, stateDir: string): string {
  return `
Sluice is ready.

  dashboard  ${origin}/                sign in with the token
  webhooks   ${origin}/in/{source}
  API        ${origin}/api/v1          reference: ${origin}/docs
  token      ${token}
  state      ${stateDir}

Create your first source:

  curl ${origin}/api/v1/sources \\
    -H "authorization: Bearer ${token}" \\
    -H "content-type: application/json" \\
    -d '{"name": "First", "slug": "first"}'

To see it under load, run npm run demo in another terminal. Press Ctrl-C to stop.
`;
}
