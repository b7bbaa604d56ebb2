// What `npm start` prints once Sluice answers: where everything is and the first call to make.

/** @param origin `http://localhost:PORT` */
export function guide(origin: string, token: string, stateDir: string): string {
  return `
Sluice is ready.

  dashboard  ${origin}/                sign in with the token
  webhooks   ${origin}/in/{source}
  API        ${origin}/api/v1          contract: ${origin}/openapi.json
  token      ${token}
  state      ${stateDir}

Create a first source:

  curl ${origin}/api/v1/sources \\
    -H "authorization: Bearer ${token}" \\
    -H "content-type: application/json" \\
    -d '{"name": "First", "slug": "first"}'

See it work under load: npm run demo. Stop with Ctrl-C.
`;
}
