// Reads an ingest URL as text: a URL parser would resolve dot segments, turn backslashes, encode quotes and drop an empty query.

export interface IngestTarget {
  readonly slug: string;
  /** What follows the slug: empty, or beginning with a slash. As received. */
  readonly path: string;
  /** With its question mark, or empty. As received. */
  readonly query: string;
}

/** `/in/{slug}` and what follows it; null for any other URL. @param url absolute, as the runtime hands it over */
export function parseTarget(url: string): IngestTarget | null {
  const match = /^[a-z]+:\/\/[^/?#]*\/in\/([^/?#]+)(\/[^?#]*)?(\?[^#]*)?/.exec(url);
  return match === null ? null : { slug: match[1] ?? "", path: match[2] ?? "", query: match[3] ?? "" };
}
