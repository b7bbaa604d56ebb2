// What an isolate remembers of things that are dear to make, up to a number of them: the oldest gives way. Only what is done is kept: a
// promise of another request may never settle.

/** Returns what was made for the key, or makes it. */
export function boundedMap<V>(most: number): (key: string, make: () => Promise<V>) => Promise<V> {
  const map = new Map<string, V>();
  return async (key, make) => {
    const known = map.get(key);
    if (known !== undefined) return known;
    const value = await make();
    if (map.size >= most) map.delete(map.keys().next().value ?? "");
    map.set(key, value);
    return value;
  };
}
