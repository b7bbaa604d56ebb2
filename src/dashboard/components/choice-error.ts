// The refusal of a choice, in the words of the page. Pure.
import { codeWords } from "../../model/error-words.ts";

/** The error of a field that takes one of some values, with these as the page writes them. @param labels of the values that the page offers */
export const choiceError = (error: string, labels: ReadonlyMap<string, string>): string =>
  error.replace(/(?<=^must be one of ).+$/, (values) =>
    values
      .split(", ")
      .map((value) => labels.get(value) ?? codeWords(value))
      .join(", "),
  );
