// The Worker as it is, but a transform with `$encodeUrlComponent("crash")` exhausts the heap, as an expression would that no limit bounds.
export * from "../../src/index.ts";
export { default } from "../../src/index.ts";

const { encodeURIComponent } = globalThis;
globalThis.encodeURIComponent = (text) => (text === "crash" ? exhaustHeap() : encodeURIComponent(text));

function exhaustHeap(): never {
  const block = Array.from({ length: 2 ** 20 }, () => 0.5);
  const held: number[][] = [];
  for (;;) held.push([...block]);
}
