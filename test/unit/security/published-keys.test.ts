// A flood of forged messages that name keys must not keep the genuine ones of any source from being checked.
import { expect, it } from "vitest";
import { remoteTexts } from "../../../src/signing/index.ts";

const AT = Date.UTC(2026, 10, 28);
const certificate = (number: number): string => `https://sns.eu-central-1.amazonaws.com/${number}.pem`;
const publishing = () => {
  const asked: string[] = [];
  const remote = remoteTexts(async (url) => {
    asked.push(url);
    return url.startsWith("https://sns.") ? url : null;
  });
  return { asked, remote };
};

it("gets the keys of 120 genuine messages while another source is flooded with forged ones [G10]", async ({ task }) => {
  task.meta.tried = 120;
  const { asked, remote } = publishing();
  const unavailable: number[] = [];
  for (let message = 0; message < 120; message++) {
    for (let forged = 0; forged < 10; forged++)
      await remote.of("src_attacked").get(`https://forged.example/${message}-${forged}`, AT + message * 1_000);
    const genuine = await remote.of(`src_${message % 6}`).get(certificate(message), AT + message * 1_000);
    if (genuine === "unavailable") unavailable.push(message);
  }
  expect(unavailable).toEqual([]);
  expect(asked.filter((url) => url.startsWith("https://forged.")).length).toBeLessThanOrEqual(2 * 30);
});

it("keeps a key that has verified something whatever else is asked for [G10]", async () => {
  const { asked, remote } = publishing();
  await remote.of("src_a").get(certificate(0), AT);
  remote.prove(certificate(0));
  for (let other = 1; other <= 500; other++) {
    await remote.of(`src_${other}`).get(certificate(other), AT);
    await remote.of(`src_${other}`).get(`https://nothing.example/${other}`, AT);
  }
  await remote.of("src_a").get(certificate(0), AT + 1);
  expect(asked.filter((url) => url === certificate(0))).toHaveLength(1);
});

it("fetches a proven key again when the budget of its source is used up [G10]", async () => {
  const { asked, remote } = publishing();
  const source = remote.of("src_a");
  await source.get(certificate(0), AT);
  source.prove(certificate(0));
  const later = AT + 3_600_000;
  for (let forged = 0; forged < 40; forged++) await source.get(`https://forged.example/${forged}`, later);
  expect(await source.get(certificate(0), later)).toEqual({ text: certificate(0) });
  expect(asked.filter((url) => url === certificate(0))).toHaveLength(2);
});
