// What an option of a command is.

export interface Option {
  /** The name of its value in the help. An option without one is a flag. */
  readonly value?: string;
  readonly help: string;
  readonly short?: string;
  /** It can be repeated. */
  readonly multiple?: boolean;
  /** Values that the completion offers. */
  readonly choices?: readonly string[];
}
export type Options = Readonly<Record<string, Option>>;
