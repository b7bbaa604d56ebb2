// Sends a form to the API. Errors found in the form itself have the same shape as the API's.
import type { Answer, ProblemBody } from "../api-client.ts";
import type { Ctx } from "../deps.ts";
import type { FormSpec, FormValues } from "./form-spec.ts";
import { requestBody, type Fault } from "./form-values.ts";

/** The fields of the submitted form, without files. */
export async function readForm(c: Ctx): Promise<FormValues> {
  const form = await c.req.parseBody({ all: true });
  return Object.fromEntries(
    Object.entries(form).map(([name, value]) => [
      name,
      (Array.isArray(value) ? value : [value]).filter((item) => typeof item === "string"),
    ]),
  );
}

export const faulty = (faults: readonly Fault[]): ProblemBody => ({
  title: "Invalid input",
  status: 422,
  code: "invalid",
  detail: faults.map(({ pointer, detail }) => `${pointer} ${detail}`).join("; "),
  errors: faults,
});

/** @param stored the record to update; null for a new one */
export async function submit<T>(
  c: Ctx,
  path: string,
  spec: FormSpec,
  values: FormValues,
  stored: object | null,
  extra: object = {},
): Promise<Answer<T>> {
  const { body, faults } = requestBody(spec, values, stored as Readonly<Record<string, unknown>> | null);
  if (faults.length > 0) return { ok: false, status: 422, problem: faulty(faults) };
  return c.get("api").send<T>(stored === null ? "POST" : "PATCH", path, { ...body, ...extra });
}
