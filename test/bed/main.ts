/**
 * A bed for people: `scripts/node test/bed/main.ts up [--hosts N] [--capacity MILLI_CPU]` boots a bed, says how to reach
 * it and keeps it until it is interrupted; `… sweep` removes what dead beds have left.
 */
import { parseArgs } from "node:util";
import { Bed } from "./bed.ts";

const USAGE = "usage: main.ts up [--hosts N] [--capacity MILLI_CPU] | sweep";

async function up(hosts: number, capacityMilliCpu: number): Promise<void> {
  const bed = await Bed.create({ hosts, capacityMilliCpu, log: console.log });
  for (const host of bed.hosts) console.log(`${host.name}  ${host.ip}  virsh -c '${host.uri}'`);
  const { promise: interrupted, resolve } = Promise.withResolvers<void>();
  const alive = setInterval(() => {}, 60_000);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  await interrupted;
  clearInterval(alive);
  await bed.close();
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { hosts: { type: "string", default: "3" }, capacity: { type: "string", default: "300" } },
});
if (positionals[0] === "up") await up(Number(values.hosts), Number(values.capacity));
else if (positionals[0] === "sweep") await Bed.sweep();
else {
  console.error(USAGE);
  process.exitCode = 2;
}
