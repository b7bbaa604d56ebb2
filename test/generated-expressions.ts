// JSONata expressions over every built-in and operator, at random, for the tests that compare them with JSONata's own results and for
// those that try to exhaust an isolate with them.
import fc from "fast-check";

/**
 * What each built-in takes: A anything, L a list, T a text, N a number, O an object, P a text or a pattern, R a pattern, V a list of texts,
 * M a list of objects, I and D a picture of a number and of a time, and functions F of an item, G of two, H of a field and its name, S of a match.
 * What stands behind | may be left out.
 */
export const SIGNATURES: Readonly<Record<string, string>> = {
  ...{
    string: "A|B",
    length: "T",
    json: "T",
    substring: "TN|N",
    substringBefore: "TT",
    substringAfter: "TT",
    lowercase: "T",
  },
  ...{ uppercase: "T", trim: "T", pad: "TN|T", match: "TR|N", contains: "TP", split: "TP|N", replace: "TPX|N" },
  ...{ join: "V|T", formatNumber: "NI", formatBase: "N|N", formatInteger: "NI", number: "T", floor: "N", ceil: "N" },
  ...{ round: "N|N", abs: "N", sqrt: "N", power: "NN", boolean: "A", not: "A", map: "LF", zip: "LL|L", filter: "LF" },
  ...{ single: "LF", reduce: "LG|A", sift: "OH", keys: "A", lookup: "AT", append: "AA", exists: "A", spread: "A" },
  ...{
    merge: "M",
    reverse: "L",
    each: "OH",
    error: "T",
    assert: "B|T",
    type: "A",
    sort: "L|G",
    distinct: "A",
    sum: "L",
  },
  ...{ count: "L", max: "L", min: "L", average: "L", base64encode: "T", base64decode: "T", encodeUrlComponent: "T" },
  ...{ encodeUrl: "T", decodeUrlComponent: "T", decodeUrl: "T", toMillis: "T", fromMillis: "N|D", clone: "A" },
  ...{ shuffle: "L", random: "", now: "|D", millis: "" },
};

/** What `$now`, `$random` and the like give differs from run to run; JSONata has no `$json`. */
export const UNSTEADY = new Set(["shuffle", "random", "now", "millis", "json"]);

export interface Vocabulary {
  /** Paths into the data. */
  readonly paths: readonly string[];
  readonly numbers: readonly string[];
  readonly texts: readonly string[];
  readonly patterns: readonly string[];
  /** Whether functions may be applied in part, recurse, and draw lots. */
  readonly wild: boolean;
}

/** Valid expressions of a few levels. */
export function expressions(vocabulary: Vocabulary): fc.Arbitrary<string> {
  const one = (texts: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...texts);
  const path = one(vocabulary.paths);
  const names = Object.keys(SIGNATURES).filter((name) => vocabulary.wild || !UNSTEADY.has(name));
  const written = (parts: TemplateStringsArray, ...holes: fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
    fc.tuple(...holes).map((values) => String.raw({ raw: parts.raw }, ...values));
  return fc.letrec<{ any: string; small: string }>((tie) => {
    const any = tie("any");
    const small = fc.oneof(
      path,
      one(vocabulary.numbers),
      one(vocabulary.texts),
      one(["true", "null", "$", "[]", "{}"]),
    );
    const item = one([
      "$v",
      "[$v,$i]",
      "$v & $i",
      '{"k": $v}',
      "$string($v)",
      "$v.*",
      "true",
      "$count($v)",
      "$v > 2",
      "$$",
    ]);
    const kinds: Record<string, fc.Arbitrary<string>> = {
      A: any,
      B: one(["true", "false"]),
      L: fc.oneof({ weight: 3, arbitrary: path }, any),
      M: path,
      V: fc.oneof(path, written`${path}.$string()`),
      O: path,
      T: fc.oneof(one(vocabulary.texts), path, written`$string(${path})`),
      N: fc.oneof(one(vocabulary.numbers), written`$count(${path})`),
      P: fc.oneof(one(vocabulary.texts), one(vocabulary.patterns)),
      R: one(vocabulary.patterns),
      X: fc.oneof(one(vocabulary.texts), one(['"<$1>"', '"$0$$"', "function($m){$uppercase($m.match)}"])),
      I: one(['"#,##0.00"', '"0.0e0"', '"w"', '"W;o"', '"I"', '"a"', '"001"', '"#"']),
      D: one(['"[Y0001]-[M01]-[D01]"', '"[D1o] [MNn] [FNn], [h]:[m01] [P]"', '"[Y,2-4] [W] [d]"', '"[Z]"']),
      F: written`function($v, $i){${item}}`,
      G: written`function($v, $i){${one(["$v & $i", "[$v, $i]", "$v > $i", "$i", "$append($v, $i)", "$string($v) < $string($i)"])}}`,
      H: written`function($v, $i){${one(["$v", "$i", "true", "$i = 'a'", '{"k": $v}'])}}`,
    };
    const calls = fc.oneof(
      ...names.map((name) => {
        const [needed = "", optional = ""] = (SIGNATURES[name] ?? "").split("|");
        const args = `${needed}${optional}`.split("").map((kind) => kinds[kind] ?? any);
        const given = fc.integer({ min: needed.length, max: args.length });
        return fc.tuple(given, ...args).map(([count, ...values]) => `$${name}(${values.slice(0, count).join(", ")})`);
      }),
    );
    const operators = one(["+", "-", "*", "/", "%", "=", "!=", "<", ">", "<=", ">=", "&", "and", "or", "in"]);
    const forms: fc.Arbitrary<string>[] = [
      written`(${any} ${operators} ${any})`,
      written`[${any}, ${any}]`,
      written`[1..${one(vocabulary.numbers)}]`,
      written`{"a": ${any}, "b": ${any}}`,
      written`(${any} ? ${any} : ${any})`,
      written`(${path} ?? ${any})`,
      written`(${path} ?: ${any})`,
      written`($x := ${any}; [$x, $x])`,
      written`(${any} ~> $${one(["string", "count", "sort", "keys", "distinct", "spread", "reverse"])})`,
      written`${path}[${any}]`,
      written`${path}[0]`,
      written`${path}.(${any})`,
      written`${path}.[${any}]`,
      written`${path}.{"k": ${any}}`,
      written`${path}{$string($): ${any}}`,
      written`${path}^(>$string($), <$count($))`,
      written`${path}@$v.${path}`,
      written`${path}#$i.{"at": $i, "is": $}`,
      written`${path}.a.%.b`,
      written`${path}.*`,
      written`${path}.**`,
      written`(${path} ~> |$|{"q": ${any}}, "a"|)`,
      written`-${one(vocabulary.numbers)}`,
    ];
    const wild: fc.Arbitrary<string>[] = [
      written`$map(${path}, $${one(names)})`,
      written`($f := $replace(${kinds["T"] ?? any}, ?, ${any}); $map(${path}, $f))`,
      written`($f := $join(?, ${any}); $f(${path}))`,
      written`($f := function($n){$f($n + 1)}; $f(0))`,
      written`($f := function($n){$n > 60 ? ${any} : [$f($n + 1), $f($n + 1)]}; $f(0))`,
      written`$reduce([1..40], function($s, $i){$s & $s}, ${any})`,
      written`$reduce([1..60], function($s, $i){{"x": $s, "y": $s}}, ${any})`,
      written`$map([1..1000], function($i){${any}})`,
      written`(${any} ~> |**|{"q": $$}|)`,
    ];
    return {
      small,
      any: fc.oneof(
        { maxDepth: 3, depthSize: "small", withCrossShrink: true },
        small,
        calls,
        ...forms,
        ...(vocabulary.wild ? wild : []),
      ),
    };
  }).any;
}
