// JSONata's functions on texts. Those that create an array of all characters, or search for one text in another, are reimplemented.
import { MAX_PICTURE_LENGTH } from "../../config/limits.ts";
import { parseExact } from "../exact-json.ts";
import { OBJECT_BYTES } from "./budget.ts";
import { ExpressionError } from "./expression-error.ts";
import { fromLibrary, native } from "./library.ts";
import { push, newSequence } from "./lists.ts";
import { matchesOf, type Match } from "./matching.ts";
import { textOf } from "./texts-of-values.ts";
import { newFields, type Call, type Implementation, Native, type Run } from "./values.ts";

type Text = string | undefined;
type Limit = number | undefined;

/** Charges for reading a text, and for a result of at most `growth` times its length. */
const byLength =
  (growth: number) =>
  ([text]: readonly unknown[], { budget }: Run): void => {
    const length = typeof text === "string" ? text.length : 0;
    budget.spend(length >> 4);
    budget.makeText(growth * length);
  };

const isPair = (text: string, at: number): boolean => (text.codePointAt(at) ?? 0) > 0xffff;

/** The length of a text in characters (code points). */
function lengthOf(text: string, { budget }: Run): number {
  budget.spend(text.length >> 4);
  let length = 0;
  for (let at = 0; at < text.length; at += isPair(text, at) ? 2 : 1) length += 1;
  return length;
}

/** The index at which a character begins. @param character counted in code points */
function unitAt(text: string, character: number): number {
  let at = 0;
  for (let left = character; left > 0 && at < text.length; left--) at += isPair(text, at) ? 2 : 1;
  return at;
}

/** Positions as in `slice`: rounded towards zero, negative ones from the end. */
const substring: Implementation = ([given, first, length], { run }) => {
  if (given === undefined) return undefined;
  const text = given as string;
  const characters = lengthOf(text, run);
  const start = characters + (first as number) < 0 ? 0 : (first as number);
  const before = Math.trunc(start) < 0 ? characters : 0;
  const from = unitAt(text, before + Math.trunc(start));
  if (length === undefined) return text.slice(from);
  const end = (start < 0 ? characters : 0) + start + (length as number);
  return (length as number) > 0 ? text.slice(from, Math.max(from, unitAt(text, Math.trunc(end)))) : "";
};

const pad: Implementation = ([given, width, fill], { run }) => {
  if (given === undefined) return undefined;
  const text = given as string;
  const filling = fill === undefined || fill === "" ? " " : (fill as string);
  const wanted = Math.trunc(width as number);
  const missing = Math.abs(wanted) - lengthOf(text, run);
  if (!(missing > 0)) return text;
  run.budget.makeText(text.length + 2 * (missing + filling.length));
  const characters = Math.min(lengthOf(filling, run), missing);
  const repeated = filling.repeat(Math.ceil(missing / characters));
  const padding = repeated.slice(0, unitAt(repeated, missing));
  return wanted > 0 ? text + padding : padding + text;
};

/** The part before or after the first occurrence of `wanted`; the whole text if there is none or `wanted` is missing. */
const around =
  (part: (text: string, at: number, length: number) => string): Implementation =>
  ([text, wanted], { run }) => {
    if (text === undefined || wanted === undefined) return text;
    const at = indexIn(text as string, wanted as string, 0, run);
    return at < 0 ? text : part(text as string, at, (wanted as string).length);
  };

function indexIn(text: string, wanted: string, from: number, { budget }: Run): number {
  budget.spendSearch(text.length - from, wanted.length);
  budget.makeText(0);
  return text.indexOf(wanted, from);
}

/** The non-overlapping occurrences of a text, or matches of a pattern, in order; at most `limit`. */
function* placesOf(text: string, wanted: unknown, limit: number | undefined, call: Call): Generator<Match> {
  if (limit !== undefined && !(limit >= 0)) throw new ExpressionError("a limit must not be negative");
  let left = Math.ceil(limit ?? Infinity);
  if (left === 0) return;
  if (typeof wanted !== "string") {
    for (const match of matchesOf(wanted, text, call)) {
      yield match;
      if (--left <= 0) return;
    }
    return;
  }
  // One search through the whole text covers all occurrences.
  call.run.budget.spendSearch(text.length, wanted.length);
  for (let at = text.indexOf(wanted); at >= 0 && left > 0; at = text.indexOf(wanted, at + wanted.length), left--) {
    call.run.budget.makeText(0);
    yield Object.assign(newFields(call.run.budget), {
      match: wanted,
      start: at,
      end: at + wanted.length,
      groups: [],
      next: undefined,
    });
  }
}

const match: Implementation = ([text, pattern, limit], call) => {
  if (text === undefined) return undefined;
  const found = newSequence(call.run);
  for (const { match: matched, start, groups } of placesOf(text as string, pattern, limit as Limit, call))
    push(found, Object.assign(newFields(call.run.budget), { match: matched, index: start, groups }), call.run);
  return found;
};

const contains: Implementation = ([text, wanted], call) => {
  if (text === undefined || wanted === undefined) return undefined;
  return typeof wanted === "string"
    ? indexIn(text as string, wanted, 0, call.run) >= 0
    : matchesOf(wanted, text as string, call).next().done !== true;
};

const split: Implementation = ([given, separator, limit], call) => {
  if (given === undefined) return undefined;
  const text = given as string;
  const parts: string[] = [];
  // A fractional limit is rounded down for a text and up for a pattern, as in JSONata.
  const most = typeof separator === "string" && limit !== undefined ? Math.trunc(limit as number) : (limit as Limit);
  const add = (part: string): void => {
    call.run.budget.makeText(part.length < 16 ? part.length : 0);
    push(parts, part, call.run);
  };
  if (separator === "") {
    for (let at = 0; at < text.length && parts.length < (most ?? Infinity); at++) add(text.charAt(at));
    return parts;
  }
  let from = 0;
  for (const { start, end } of placesOf(text, separator, most, call)) {
    add(text.slice(from, start));
    from = end;
  }
  if (parts.length < (most ?? Infinity)) add(text.slice(from));
  return parts;
};

const replace: Implementation = ([given, pattern, replacement, limit], call) => {
  if (given === undefined) return undefined;
  if (pattern === "") throw new ExpressionError("the second argument of $replace cannot be an empty text");
  const text = given as string;
  const { run, input, frame } = call;
  let result = "";
  let from = 0;
  for (const place of placesOf(text, pattern, limit as Limit, call)) {
    const by =
      typeof replacement === "string"
        ? typeof pattern === "string"
          ? replacement
          : filledIn(replacement, place, run)
        : run.apply(replacement, [place], input, frame);
    if (typeof by !== "string") throw new ExpressionError("the function for replacing must return a text");
    run.budget.makeText(place.start - from + by.length);
    result += text.slice(from, place.start) + by;
    from = place.end;
  }
  run.budget.makeText(text.length - from);
  return result + text.slice(from);
};

/** `$1` is the first group, `$0` the whole match, `$$` a dollar. Of `$12`, as many digits are read as the number of groups has. */
function filledIn(replacement: string, { match: matched, groups }: Match, { budget }: Run): string {
  const most = groups.length === 0 ? 1 : Math.floor(Math.log10(groups.length)) + 1;
  let result = "";
  for (let at = 0; at < replacement.length;) {
    const dollar = replacement.indexOf("$", at);
    const until = dollar < 0 ? replacement.length : dollar;
    let piece = replacement.slice(at, until);
    at = until + 1;
    if (dollar >= 0) {
      const next = replacement.charAt(at);
      let digits = /^\d*/.exec(replacement.slice(at, at + most))?.[0] ?? "";
      if (digits.length > 1 && Number(digits) > groups.length) digits = digits.slice(0, -1);
      if (next === "$") {
        piece += "$";
        at += 1;
      } else if (next === "0") {
        piece += matched;
        at += 1;
      } else if (digits === "") piece += "$";
      else {
        const group = groups[Number(digits) - 1];
        piece += typeof group === "string" ? group : "";
        at += String(Number(digits)).length;
      }
    }
    budget.makeText(piece.length);
    result += piece;
  }
  return result;
}

const join: Implementation = ([list, separator], { run }) => {
  if (list === undefined) return undefined;
  const between = (separator as Text) ?? "";
  let length = 0;
  for (const item of list as string[]) length += item.length + between.length;
  run.budget.spend((list as string[]).length);
  run.budget.makeText(length);
  return (list as string[]).join(between);
};

const string: Implementation = ([value, pretty], { run }) =>
  value === undefined ? undefined : textOf(value, run.budget, pretty === true);

/** Bounds the length and the widths of a picture, since each can multiply the length of the result. */
function checkPicture(picture: unknown, { budget }: Run): void {
  if (picture === undefined) return;
  const text = picture as string;
  if (text.length > MAX_PICTURE_LENGTH)
    throw new ExpressionError(`a picture must have at most ${MAX_PICTURE_LENGTH} characters`);
  // The width in `[Y,4-4]`, to which the result is padded.
  if (/\[[^\]]*,[^\]]*\d{3}/.test(text)) throw new ExpressionError("a width in a picture must be below 100");
  budget.spend(text.length * 4);
  budget.makeText(text.length * 100);
}

const formatNumber = fromLibrary("formatNumber", ([, picture, options], run) => {
  checkPicture(picture, run);
  for (const [, option] of Object.entries(options ?? {})) {
    run.budget.spend(8);
    if (typeof option !== "string" || option.length > 16)
      throw new ExpressionError("an option of $formatNumber must be a short text");
  }
  run.budget.spend(1_000);
});

const formatInteger = fromLibrary("formatInteger", ([value, picture], run) => {
  checkPicture(picture, run);
  // Roman numerals have a letter for each thousand.
  if (/^[iI](;|$)/.test(picture as string) && Math.abs((value as number | undefined) ?? 0) > 1_000_000)
    throw new ExpressionError("a number in Roman numerals must be at most 1,000,000");
  run.budget.spend(1_000);
  run.budget.makeText(2_000);
});

const fromMillis = fromLibrary("fromMillis", ([, picture, zone], run) => {
  checkPicture(picture, run);
  checkPicture(zone, run);
  run.budget.spend(50);
});

const toMillis = fromLibrary("toMillis", ([text, picture], run) => {
  if (picture !== undefined) throw new ExpressionError("$toMillis takes ISO 8601 only, no picture");
  byLength(0)([text], run);
});

const now: Implementation = ([picture, zone], call) => fromMillis.implementation([call.run.now, picture, zone], call);

/** Ours: the value of a text that is JSON. Some senders put JSON into a field of a form. */
const json: Implementation = ([text], { run: { budget } }) => {
  if (text === undefined) return undefined;
  if (typeof text !== "string") throw new ExpressionError("argument 1 of $json must be a string");
  const values = text.match(/[[{,]/g)?.length ?? 0;
  budget.spend(text.length >> 3);
  budget.make(values * OBJECT_BYTES);
  budget.makeText(text.length);
  try {
    return parseExact(text);
  } catch {
    throw new ExpressionError("$json: the text is not JSON");
  }
};

export const TEXT_FUNCTIONS: readonly Native[] = [
  new Native("json", 1, json),
  native("string", string),
  native("length", ([text], { run }) => (text === undefined ? undefined : lengthOf(text as string, run))),
  native("substring", substring),
  native(
    "substringBefore",
    around((text, at) => text.slice(0, at)),
  ),
  native(
    "substringAfter",
    around((text, at, length) => text.slice(at + length)),
  ),
  native("pad", pad),
  native("match", match),
  native("contains", contains),
  native("split", split),
  native("replace", replace),
  native("join", join),
  native("now", now),
  native("millis", (_args, { run }) => run.now),
  // Changing case may turn a letter into three; URL encoding turns a unit into nine.
  fromLibrary("lowercase", byLength(3)),
  fromLibrary("uppercase", byLength(3)),
  fromLibrary("trim", byLength(1)),
  fromLibrary("base64encode", byLength(2)),
  fromLibrary("base64decode", byLength(1)),
  fromLibrary("encodeUrlComponent", byLength(9)),
  fromLibrary("encodeUrl", byLength(9)),
  fromLibrary("decodeUrlComponent", byLength(1)),
  fromLibrary("decodeUrl", byLength(1)),
  formatNumber,
  formatInteger,
  fromMillis,
  toMillis,
];
