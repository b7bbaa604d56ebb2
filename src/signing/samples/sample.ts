// What a provider sends, made up: the form of a sample event.

/** What differs from one sample to the next, so that none is the duplicate of another. */
export interface Moment {
  /** Letters and digits. */
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface Sample {
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body: unknown;
  /** Its fields are sent as a form instead. */
  readonly isForm?: true;
}

/** By the type of the event, as the provider names it. The first one is sent where none is asked for. */
export type Samples = Readonly<Record<string, (moment: Moment) => Sample>>;

export const seconds = ({ now }: Moment): number => Math.floor(now / 1_000);
export const instant = ({ now }: Moment): string => new Date(now).toISOString();

/** A UUID that the id decides. */
export function uuid({ id }: Moment): string {
  const digits = Array.from(id, (character) => (character.charCodeAt(0) % 16).toString(16)).join("");
  return digits.padEnd(32, "0").replace(/^(.{8}).(.{3}).(.{3})(.{4})(.{12}).*$/, "$1-4$2-8$3-$4-$5");
}
