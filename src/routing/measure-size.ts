// How large a value is as JSON, about: what is shared counts as often as it is met, without walking it again.

export type Sizes = WeakMap<object, number>;

/** Throws when it is more than `limit`. @param data whether functions, which are no data, are refused */
export function measureSize(value: unknown, sizes: Sizes, limit: number, data = false): number {
  if (typeof value === "string") return check(value.length + 2, limit);
  if (typeof value === "function") return refuse(data);
  if (typeof value !== "object" || value === null) return 2;
  if ("_jsonata_lambda" in value || "_jsonata_function" in value) return refuse(data);
  const known = sizes.get(value);
  if (known !== undefined) return check(known, limit);
  // A cycle ends here.
  sizes.set(value, 0);
  let sum = 2;
  if (Array.isArray(value)) {
    // By index: JSONata's sequences carry fields of their own.
    for (const child of value) sum = check(sum + measureSize(child, sizes, limit, data) + 1, limit);
  } else {
    for (const [key, child] of Object.entries(value))
      sum = check(sum + measureSize(child, sizes, limit, data) + key.length + 4, limit);
  }
  // A sequence is still growing.
  if ("sequence" in value) sizes.delete(value);
  else sizes.set(value, sum);
  return sum;
}

function check(weight: number, limit: number): number {
  if (weight > limit) throw new Error(`a value grows beyond ${limit} characters`);
  return weight;
}

function refuse(data: boolean): number {
  if (data) throw new Error("the result holds a function");
  return 0;
}
