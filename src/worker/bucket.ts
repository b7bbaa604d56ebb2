// What stands in the place of R2 where no bucket is bound, as on the free plan: it has nothing, and takes nothing.

const refuse = async (): Promise<never> => {
  throw new Error("no bucket is bound");
};

const NO_BUCKET: R2Bucket = {
  head: refuse,
  // Not null, which would say that the object is gone: another deployment may have had a bucket.
  get: refuse,
  put: refuse,
  createMultipartUpload: refuse,
  resumeMultipartUpload: () => {
    throw new Error("no bucket is bound");
  },
  delete: async () => undefined,
  list: async () => ({ objects: [], delimitedPrefixes: [], truncated: false }),
};

/** Missing where none is bound. */
export const boundBucket = ({ BODIES }: { readonly BODIES?: R2Bucket }): R2Bucket | undefined => BODIES;

export const bucketOf = (env: { readonly BODIES?: R2Bucket }): R2Bucket => boundBucket(env) ?? NO_BUCKET;
