// The only place that draws random numbers. Decisions get `random` as an argument, so that tests can fix it.

/** Uniform in [0, 1). */
export type Random = () => number;

export const systemRandom: Random = () => Math.random();

/** Cryptographically strong random bytes. */
export const randomBytes = (length: number): Uint8Array<ArrayBuffer> => crypto.getRandomValues(new Uint8Array(length));

/** For request ids: opaque, never parsed. */
export const randomUuid = (): string => crypto.randomUUID();
