// Problems in the contract: one schema, the codes with their meaning, and an example for each answer.
import { PROBLEMS, type ProblemCode } from "../../model/problem-codes.ts";
import { headersNamed } from "./parameters.ts";
import { list, number, object, ref, say, text, type Json } from "./schema.ts";

const CODES = Object.entries(PROBLEMS) as [ProblemCode, (typeof PROBLEMS)[ProblemCode]][];

export const problemSchema = (): Json =>
  object(
    {
      type: say(text, "The page that explains the code, on this host"),
      title: say(text, "The meaning of the code"),
      status: number,
      detail: say(text, "What was wrong with this request"),
      code: {
        description: "Stable: for programs to test",
        oneOf: CODES.map(([code, [status, title, meaning]]) => ({
          const: code,
          title,
          description: meaning,
          "x-status": status,
        })),
      },
      request_id: say(text, "Also in the log and in the header x-request-id"),
      errors: say(
        list(object({ pointer: say(text, "A JSON pointer into the body, or /query/name"), detail: text })),
        "Every field that is wrong",
      ),
    },
    ["errors"],
  );

/** Headers of some problems. */
const HEADERS: { readonly [C in ProblemCode]?: readonly string[] } = {
  method_not_allowed: ["allow"],
  rate_limited: ["retry-after"],
  too_many_attempts: ["retry-after"],
  backpressure: ["retry-after"],
  unavailable: ["retry-after"],
};

/** Answers by status; several codes may share one. */
export function problemAnswers(codes: readonly ProblemCode[]): Record<string, Json> {
  const byStatus = Map.groupBy(new Set(codes), (code) => PROBLEMS[code][0]);
  return Object.fromEntries([...byStatus].map(([status, shared]) => [status, problemAnswer(status, shared)]));
}

function problemAnswer(status: number, codes: readonly ProblemCode[]): Json {
  const headers = ["x-request-id", ...new Set(codes.flatMap((code) => HEADERS[code] ?? []))];
  return {
    description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code][1]}`).join("; "),
    headers: headersNamed(...headers),
    content: {
      "application/problem+json": {
        schema: { allOf: [ref("Problem"), { properties: { code: { enum: codes }, status: { const: status } } }] },
        examples: Object.fromEntries(codes.map((code) => [code, { value: problemExample(code) }])),
      },
    },
  };
}

const problemExample = (code: ProblemCode): Json => ({
  type: `/docs/errors#${code}`,
  title: PROBLEMS[code][1],
  status: PROBLEMS[code][0],
  detail: code === "invalid" ? "/slug must not be empty" : `${PROBLEMS[code][1]}.`,
  code,
  request_id: "5f0c4c0e-5d1a-4f7e-9a52-1f4f9c2f5a10",
  ...(code === "invalid" ? { errors: [{ pointer: "/slug", detail: "must not be empty" }] } : {}),
});
