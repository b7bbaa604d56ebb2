// Headers that belong to one connection and are never passed on. Pure.

// RFC 9110, section 7.6.1, and the headers that the connection to the destination sets itself.
// prettier-ignore
const HOP_BY_HOP = new Set([
  "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection",
  "te", "trailer", "transfer-encoding", "upgrade", "expect", "host", "content-length",
]);

/** @param name in any case */
export const isHopByHop = (name: string): boolean => HOP_BY_HOP.has(name.toLowerCase());
