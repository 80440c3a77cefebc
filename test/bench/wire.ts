/**
 * What encoding and decoding cost: microseconds of processor time per message, over DIFFERENT messages of each form in turn.
 *
 *   scripts/node test/bench/wire.ts [DIFFERENT] [MILLISECONDS]
 */
import { WireCodec } from "../../src/wire/codec.ts";
import { TYPICAL } from "../support/messages.ts";

const DIFFERENT = Number(process.argv[2] ?? 1000);
const MILLISECONDS = Number(process.argv[3] ?? 1000);
const codec = new WireCodec();

/** Processor time of one call, over whole passes; the first half of the time is for the compiler. */
function microseconds(pass: () => void): number {
  const warm = performance.now() + MILLISECONDS / 2;
  while (performance.now() < warm) pass();
  const begun = process.cpuUsage();
  const until = performance.now() + MILLISECONDS / 2;
  let passes = 0;
  for (; performance.now() < until || passes === 0; passes++) pass();
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / (passes * DIFFERENT);
}

console.log(["form", "bytes", "encode", "decode", "both", "(JSON both) µs"].join("\t"));
for (const [form, make] of Object.entries(TYPICAL)) {
  const messages = Array.from({ length: DIFFERENT }, (_, n) => make(n));
  const encoded = messages.map((message) => codec.encode(message));
  const encode = microseconds(() => {
    for (const message of messages) codec.encode(message);
  });
  const decode = microseconds(() => {
    for (const bytes of encoded) if (!codec.decode(bytes, "bench").ok) throw new Error(form);
  });
  const json = microseconds(() => {
    for (const message of messages) JSON.parse(JSON.stringify(message));
  });
  const figures = [encode, decode, encode + decode, json].map((figure) => figure.toFixed(2));
  console.log([form.padEnd(20), encoded[0]?.length, ...figures].join("\t"));
}
