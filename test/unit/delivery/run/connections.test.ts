import { describe, expect, it } from "vitest";
import { Connections } from "../../../../src/delivery/run/connections.ts";

const turns = async (): Promise<void> => {
  for (let i = 0; i < 10; i++) await Promise.resolve();
};

/** Takes connections and notes in which order they are given. */
function taker(connections: Connections) {
  const given: string[] = [];
  const giveBack = new Map<string, () => void>();
  return {
    given,
    take: async (name: string, isQuick: () => boolean): Promise<void> => {
      const back = await connections.take(isQuick);
      given.push(name);
      giveBack.set(name, back);
    },
    giveBack: (name: string): void => giveBack.get(name)?.(),
  };
}

describe("an invocation's connections", () => {
  it("are kept in half for destinations that are known to be quick [G5]", async () => {
    const { given, take, giveBack } = taker(new Connections(6, 3));
    for (const name of ["s1", "s2", "s3", "s4", "s5"]) void take(name, () => false);
    for (const name of ["q1", "q2", "q3", "q4"]) void take(name, () => true);
    await turns();
    expect(given).toEqual(["s1", "s2", "s3", "q1", "q2", "q3"]);
    giveBack("q1");
    await turns();
    expect(given.at(-1)).toBe("q4");
    giveBack("s1");
    await turns();
    expect(given.at(-1)).toBe("s4");
  });

  it("all go to quick destinations if no other destination waits for one", async () => {
    const { given, take } = taker(new Connections(6, 3));
    for (let i = 0; i < 8; i++) void take(`q${i}`, () => true);
    await turns();
    expect(given).toHaveLength(6);
  });

  it("are given in the order in which they were asked for, to one that has become quick meanwhile too", async () => {
    const { given, take, giveBack } = taker(new Connections(2, 1));
    let isQuick = false;
    void take("slow", () => false);
    void take("becomes quick", () => isQuick);
    void take("quick", () => true);
    await turns();
    expect(given).toEqual(["slow", "quick"]);
    isQuick = true;
    giveBack("quick");
    await turns();
    expect(given).toEqual(["slow", "quick", "becomes quick"]);
  });

  it("are never more than there are", async () => {
    const { given, take, giveBack } = taker(new Connections(2, 0));
    for (const name of ["a", "b", "c"]) void take(name, () => false);
    await turns();
    expect(given).toEqual(["a", "b"]);
    giveBack("a");
    await turns();
    expect(given).toEqual(["a", "b", "c"]);
  });
});
