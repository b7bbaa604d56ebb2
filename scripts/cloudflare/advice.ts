// Errors that the user can mend.

/** A mistake or a missing precondition that the user can mend: the message is all that is shown. */
export class Advice extends Error {
  override readonly name = "Advice";
}
