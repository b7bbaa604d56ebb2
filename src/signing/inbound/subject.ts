// The input of every scheme.
import type { SecretForm } from "../../model/secret-forms.ts";
import type { RequestView } from "./request-view.ts";

export interface Subject {
  readonly request: RequestView;
  readonly secrets: readonly string[];
  readonly form: SecretForm;
  readonly nowMs: number;
  readonly toleranceSeconds: number;
}
