/** Fields of the manifest that the design has and this version has not, each with what to do meanwhile. */
import type { NotYet } from "../config/validate.ts";

const BALANCING = "leave it out: the cluster's own figures apply (lrt in the configuration)";
const CONVERGENCE = "leave it out: a migration that does not converge is called off at its timeout";
const PROTECTION = "leave it out: no guest is restarted by itself in this version";
const CHECKPOINTS = "leave it out: checkpoints are not taken in this version";

export const NOT_YET: NotYet = {
  "metadata.annotations": "use labels",
  "spec.protection": "leave it out",
  "spec.reliability": PROTECTION,
  "spec.checkpoints": CHECKPOINTS,
  "spec.snapshots": CHECKPOINTS,
  "spec.networks": "name a network of the hypervisor in nics",
  "spec.vms.*.cpuModel": "give the whole domain with domain.fromFile",
  "spec.vms.*.machine": "give the whole domain with domain.fromFile",
  "spec.vms.*.cloudInit": "put a prepared disk in disks",
  "spec.vms.*.dependsOn": "leave it out: the VMs of a VE start together",
  "spec.vms.*.health": PROTECTION,
  "spec.vms.*.shutdown": "give ve stop a --grace",
  "spec.vms.*.disks.*.image": "prepare the disk and give its path",
  "spec.vms.*.disks.*.clone": "prepare the disk and give its path",
  "spec.vms.*.disks.*.bus": "disks are virtio; give the whole domain with domain.fromFile for others",
  "spec.vms.*.disks.*.size": "prepare the disk and give its path",
  "spec.placement.prefer": "use require, or leave it out",
  "spec.balancing.exclude": "say mode: off",
  "spec.balancing.cooldown": BALANCING,
  "spec.migration.bandwidth": "say bandwidthMibPerSecond",
  "spec.migration.maxDowntime": CONVERGENCE,
  "spec.migration.timeoutPerGiB": "say timeout",
  "spec.migration.onTimeout": CONVERGENCE,
  "spec.migration.autoConverge": CONVERGENCE,
  "spec.migration.allowPostCopy": CONVERGENCE,
};
