/** A problem as text in `vmr-instance/2`: a line per host, VM and rule, and nothing that goes without saying. */
import type { Rule } from "../../model/constraint.ts";
import type { Problem, ProblemHost, ProblemVm } from "../problem.ts";

/** `parseInstance` reads the same problem from it. */
export function writeInstance({ objective, plan, hosts, vms, rules }: Problem): string {
  const parts = [
    '"format": "vmr-instance/2"',
    `"objective": ${JSON.stringify(objective)}`,
    ...(plan === undefined ? [] : [`"plan": ${JSON.stringify(plan)}`]),
    `"hosts": ${lines(hosts.map(hostOf))}`,
    `"vms": ${lines(vms.map(vmOf))}`,
    `"rules": ${lines(rules.map(ruleOf))}`,
  ];
  return `{\n  ${parts.join(",\n  ")}\n}\n`;
}

function lines(items: readonly object[]): string {
  if (items.length === 0) return "[]";
  return `[\n${items.map((item) => `    ${JSON.stringify(item)}`).join(",\n")}\n  ]`;
}

function hostOf({ id, online, capacity, labels, concurrency }: ProblemHost): object {
  return {
    id,
    ...(online ? {} : { online }),
    capacity,
    ...(Object.keys(labels).length > 0 ? { labels } : {}),
    ...(concurrency === undefined ? {} : { concurrency }),
  };
}

function vmOf({ id, state, desired, host, demand, cost, pinned, suspendable }: ProblemVm): object {
  return {
    id,
    host,
    ...(state === "sleeping" ? { state } : {}),
    ...(desired === "running" ? {} : { desired }),
    demand,
    ...(cost === undefined ? {} : { cost }),
    ...(pinned === true ? { pinned } : {}),
    ...(suspendable === true ? { suspendable } : {}),
  };
}

function ruleOf({ continuous, ...rule }: Rule): object {
  return continuous === true ? { ...rule, continuous } : rule;
}
