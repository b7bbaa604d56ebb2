// JSONata's functions on numbers, and those that end a run.
import { fromLibrary, native } from "./library.ts";
import type { Native, Run } from "./values.ts";

const cheap = (): void => undefined;

const byItems = ([list]: readonly unknown[], { budget }: Run): void => {
  if (Array.isArray(list)) budget.makeArray(list.length);
};

export const NUMBER_FUNCTIONS: readonly Native[] = [
  ...["sum", "max", "min", "average"].map((name) => fromLibrary(name, byItems)),
  ...["floor", "ceil", "round", "abs", "sqrt", "power"].map((name) => fromLibrary(name, cheap)),
  fromLibrary("number", ([value], { budget }) => budget.spend(typeof value === "string" ? value.length >> 3 : 0)),
  // The largest number has 1,024 binary digits.
  fromLibrary("formatBase", (_args, { budget }) => budget.makeText(1_100)),
  fromLibrary("error", cheap),
  fromLibrary("assert", cheap),
  native("random", (_args, { run }) => run.random()),
];
