// A request as a delivery's latest attempt sent it, beside what was received: which headers are new, changed or left out.
import { fromBase64, utf8 } from "../../kernel/bytes.ts";
import type { HeaderList } from "../../model/event.ts";
import type { SentShape } from "../shapes.ts";
import { HeaderTable } from "./header-table.tsx";
import { Icon } from "./icons.tsx";
import { Inert } from "./inert.tsx";
import { bytes } from "./number.ts";
import { Payload } from "./payload.tsx";
import { Time } from "./time.tsx";

type Request = NonNullable<SentShape["request"]>;

const valuesOf = (headers: HeaderList): Map<string, string[]> => {
  const out = new Map<string, string[]>();
  for (const [name, value] of headers) out.set(name.toLowerCase(), [...(out.get(name.toLowerCase()) ?? []), value]);
  return out;
};

/** What the headers are, compared with those received. @param masked in lower case */
function marks(received: HeaderList, masked: readonly string[]): (name: string, value: string) => string | null {
  const known = valuesOf(received);
  return (name, value) => {
    const before = known.get(name.toLowerCase());
    if (masked.includes(name.toLowerCase())) return "masked";
    return before === undefined ? "added" : before.includes(value) ? null : "changed";
  };
}

const leftOut = (received: HeaderList, sent: HeaderList): string[] => {
  const kept = valuesOf(sent);
  return [...valuesOf(received).keys()].filter((name) => !kept.has(name));
};

const Body = ({ request }: { request: Request }) => {
  const { body_text: text, body_base64: base64, body_as_received, body_bytes, body_cut } = request;
  if (body_bytes === 0) return <p class="muted">No body.</p>;
  if (body_as_received) return <p class="muted">Byte for byte as received ({bytes(body_bytes)}).</p>;
  const head = text === null ? (fromBase64(base64 ?? "") ?? new Uint8Array()) : utf8(text);
  const contentType = request.headers.find(([name]) => name.toLowerCase() === "content-type")?.[1] ?? null;
  return (
    <Payload head={{ bytes: head, complete: !body_cut }} total={body_bytes} contentType={contentType} as="as sent" />
  );
};

const Whole = ({ request, received }: { request: Request; received: HeaderList }) => {
  const missing = leftOut(received, request.headers);
  return (
    <>
      <p class="request-line" dir="ltr">
        <code>
          <strong>{request.method}</strong>{" "}
          <Inert text={request.url ?? `message to ${request.message?.address || "the queue"}`} max={2_000} ltr />
        </code>
      </p>
      <h3>Body</h3>
      <Body request={request} />
      <h3>Headers</h3>
      <HeaderTable label="Headers as sent" headers={request.headers} mark={marks(received, request.masked)} />
      {missing.length > 0 && (
        <p class="hint">
          Not passed on: <Inert text={missing.join(", ")} max={1_000} ltr />.
        </p>
      )}
    </>
  );
};

/** @param received the event's headers */
export const SentRequest = ({ sent, received }: { sent: SentShape; received: HeaderList }) => (
  <>
    <p class="hint">
      {sent.started_at === null ? (
        "Not sent yet. The first attempt will send this"
      ) : (
        <>
          Attempt {sent.attempt}, <Time at={sent.started_at} />. Sluice does not store what it sends: this is built
          again
        </>
      )}{" "}
      from the event and the configuration of now, with credentials and signatures masked.
      {sent.batched && " It shared one request with other events; here it is alone."}
    </p>
    {sent.configuration_changed_at !== null && (
      <div class="notice warn">
        <Icon name="warn" />
        <p>
          The destination or the connection was changed after this attempt, <Time at={sent.configuration_changed_at} />:
          it may have sent something else.
        </p>
      </div>
    )}
    {sent.request === null ? (
      <p>
        There is no such request: <Inert text={sent.error ?? "unknown"} max={500} />
      </p>
    ) : (
      <Whole request={sent.request} received={received} />
    )}
  </>
);
