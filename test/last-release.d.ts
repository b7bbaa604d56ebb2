/** The Worker of the last release: vitest.config.ts. */
declare module "virtual:last-release" {
  const worker: {
    fetch(request: Request, env: Env, ctx: Pick<ExecutionContext, "waitUntil">): Promise<Response>;
    queue(batch: Pick<MessageBatch, "queue"> & { readonly messages: readonly unknown[] }, env: Env): Promise<void>;
    scheduled(controller: null, env: Env): Promise<void>;
  };
  export default worker;
}
