/**
 * The configuration of an agent: every key of `/etc/discovery/discovery.yaml` with its type, bounds, default and
 * sentence. The reference page, the example, the JSON Schema and the checks all come from here.
 *
 * In the file amounts carry their unit (`30s`, `4GiB`); here they are integers: durations in milliseconds, sizes in
 * MiB, ratios in thousandths, cores in milli-CPU.
 */
import { z } from "zod";
import { control, host, hypervisor, log, metrics, network, paths } from "./sections/host.ts";
import { lrt } from "./sections/lrt.ts";
import { membership } from "./sections/membership.ts";

export const configSchema = z.strictObject({
  host,
  network,
  paths,
  hypervisor,
  control,
  log,
  metrics,
  lrt,
  membership,
});

export type Config = z.output<typeof configSchema>;
