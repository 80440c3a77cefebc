/**
 * `vmr-instance/1`: CPU in centi-cores, memory in MiB, everything runs; `drain`, `ban`, `fence`, `root`, `spread`
 * and `gather`. Two harmless extensions: a VM without a host waits, a node may be `offline`.
 */
import type { Rule } from "../../model/constraint.ts";
import type { Problem, ProblemHost, ProblemVm } from "../problem.ts";
import type { Reader } from "./reader.ts";

const MILLI_CPU_PER_CENTI_CORE = 10;
const DESCRIPTION = ["name", "family", "seed", "params"];
const TYPES = ["drain", "ban", "fence", "root", "spread", "gather"] as const;

export function readVersion1(root: Reader): Problem {
  const fields = root.fields(["format", ...DESCRIPTION, "nodes", "vms", "constraints"]);
  return {
    hosts: fields.must("nodes").list().map(readNode),
    vms: fields.must("vms").list().map(readVm),
    rules: fields.may("constraints", (list) => list.list().map(readConstraint), []),
    objective: "memory",
  };
}

function readNode(node: Reader): ProblemHost {
  const fields = node.fields(["id", "cpu", "memoryMiB", "offline"]);
  return {
    id: fields.must("id").id(),
    capacity: readAmounts(fields.must("cpu"), fields.must("memoryMiB")),
    online: !fields.may("offline", (offline) => offline.flag(), false),
    labels: {},
  };
}

function readVm(vm: Reader): ProblemVm {
  const fields = vm.fields(["id", "cpu", "memoryMiB", "host"]);
  const host = fields.may("host", (reader) => (reader.isNull ? null : reader.id()), null);
  return {
    id: fields.must("id").id(),
    state: host === null ? "waiting" : "running",
    desired: "running",
    host,
    demand: readAmounts(fields.must("cpu"), fields.must("memoryMiB")),
  };
}

const readAmounts = (cpu: Reader, memory: Reader) => ({
  cpu: cpu.count() * MILLI_CPU_PER_CENTI_CORE,
  memory: memory.count(),
});

function readConstraint(constraint: Reader): Rule {
  const fields = constraint.fields(["type", "vms", "nodes"]);
  const type = fields.must("type").oneOf(TYPES);
  const vms = () => fields.must("vms").ids();
  const hosts = () => fields.must("nodes").ids();
  if (type === "drain") return { kind: "offline", hosts: hosts() };
  if (type === "ban" || type === "fence") return { kind: type, vms: vms(), hosts: hosts() };
  return { kind: type, vms: vms() };
}
