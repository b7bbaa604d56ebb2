// Whether two JSON values are equal. The order of an object's members does not matter.

export function jsonEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [a, b].map((value) => Object.entries(value).filter(([, member]) => member !== undefined));
  return (
    left?.length === right?.length &&
    (left ?? []).every(
      ([key, member]) => Object.hasOwn(b, key) && jsonEqual(member, (b as Record<string, unknown>)[key]),
    )
  );
}
