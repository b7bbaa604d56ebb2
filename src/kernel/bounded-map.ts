// A map of bounded size, for what an isolate remembers: the entry that was set longest ago makes room for a new one.

export class BoundedMap<K, V> extends Map<K, V> {
  readonly most: number;

  /** @param most entries, at least one */
  constructor(most: number) {
    super();
    this.most = most;
  }

  override set(key: K, value: V): this {
    this.delete(key);
    const [oldest] = this.size < this.most ? [] : this.keys();
    if (oldest !== undefined) this.delete(oldest);
    return super.set(key, value);
  }

  /** The value of `key`, made where there is none. Promises are not kept: one that belongs to another request may never settle. */
  async getOrMake(key: K, make: () => Promise<V>): Promise<V> {
    const known = this.get(key);
    if (known !== undefined) return known;
    const value = await make();
    this.set(key, value);
    return value;
  }
}
