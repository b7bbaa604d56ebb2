// Reads an ingest URL as text: a URL parser would resolve dot segments, replace backslashes, encode quotes and drop an empty query.

export interface IngestTarget {
  readonly slug: string;
  /** The rest of the path after the slug, as received: empty, or beginning with a slash. */
  readonly path: string;
  /** As received, with its question mark; or empty. */
  readonly query: string;
}

/** The parts of `/in/{slug}…`; null for any other URL. @param url absolute, as the runtime gives it */
export function parseTarget(url: string): IngestTarget | null {
  const match = /^[a-z]+:\/\/[^/?#]*\/in\/([^/?#]+)(\/[^?#]*)?(\?[^#]*)?/.exec(url);
  return match === null ? null : { slug: match[1] ?? "", path: match[2] ?? "", query: match[3] ?? "" };
}
