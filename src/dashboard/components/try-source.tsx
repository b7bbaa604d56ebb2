// How to send a first event to a source: a command, or the button of its page where a request by hand would be refused.
import type { SourceShape } from "../shapes.ts";
import { sampleCommand } from "./curl.ts";
import { Copyable } from "./empty.tsx";
import { Inert } from "./inert.tsx";

/** @param isHere the page is the source's own */
export const TrySource = ({ source, isHere = false }: { source: SourceShape; isHere?: boolean }) =>
  source.verification.type === "none" ? (
    <Copyable label="command that sends an event" text={sampleCommand(source.url)} />
  ) : (
    <p>
      {isHere ? (
        "“Send test event”, at the top, "
      ) : (
        <>
          “Send test event” on the page of{" "}
          <a href={`/sources/${source.id}`}>
            <Inert text={source.name} max={128} />
          </a>{" "}
        </>
      )}
      sends a sample of the sender's events. A request by hand is refused unless it is signed.
    </p>
  );
