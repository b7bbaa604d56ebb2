// The Worker's own bindings by name, for references in the configuration.

/** Any binding; undefined when there is none of this name. */
export const workerBinding = (env: object, name: string): unknown =>
  Object.hasOwn(env, name) ? (env as Record<string, unknown>)[name] : undefined;

/** A secret or variable. Null when it is not a text, or is empty. */
export function workerSecret(env: object, name: string): string | null {
  const value = workerBinding(env, name);
  return typeof value === "string" && value !== "" ? value : null;
}
