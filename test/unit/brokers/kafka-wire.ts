// The parts of Kafka's protocol that the stand-ins for a broker write.
/** Integers of two or four bytes. */
export const bytes = (length: 2 | 4, ...values: number[]): Buffer => {
  const out = Buffer.alloc(length * values.length);
  values.forEach((value, index) =>
    length === 2 ? out.writeInt16BE(value, index * 2) : out.writeInt32BE(value, index * 4),
  );
  return out;
};
export const string = (text: string): Buffer => Buffer.concat([bytes(2, text.length), Buffer.from(text)]);
