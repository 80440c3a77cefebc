import packageJson from "../../../package.json" with { type: "json" };
import type { DoctorView, HostReport, StatusView } from "../../api/views.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { isDocument, sayDocument } from "../output/document.ts";
import { paintState } from "../output/palette.ts";
import { type Form, show } from "../output/show.ts";
import { record, table } from "../output/table.ts";
import { ago, cpuShare, memoryShare, plural } from "../output/words.ts";

const STATUS: Form<StatusView> = {
  names: ({ name }) => [name],
  text: (status, { palette }) =>
    record(
      [
        ["host", `${palette.bold(status.name)} ${palette.dim(status.id)}`],
        ["version", status.version],
        ["members", members(status)],
        ["isolated", status.isolated ? palette.bad("yes: no other host is heard") : null],
        ["balancing", status.mode],
        ...reportPairs(status.report),
        ["operations", `${status.operationsRunning} running`],
      ],
      palette,
    ),
};

function members({ members: counts }: StatusView): string {
  const present = Object.entries(counts).filter(([, count]) => count > 0);
  return present.map(([state, count]) => `${count} ${state}`).join(", ");
}

/** A host's own report, for `status` and `host show`. */
export function reportPairs(report: HostReport): [string, string | null][] {
  const { wanted, capacity, condition, vms, managedVms, hypervisor, sampleAgoMs, drain, partition, events } =
    report;
  return [
    ["cpu", `${cpuShare(wanted, capacity)}`],
    ["memory", `${memoryShare(wanted, capacity)}`],
    ["condition", sayCondition(condition)],
    ["vms", `${vms}, ${managedVms} managed`],
    ["hypervisor", hypervisor ?? "not connected"],
    ["measured", sampleAgoMs === null ? "never" : ago(sampleAgoMs)],
    ["drain", drain === "no" ? null : drain],
    ["partition", partition],
    [
      "events",
      events.map(({ kind, state, ageMs }) => `${kind} ${state} since ${ago(ageMs)}`).join("; ") || null,
    ],
  ];
}

export function sayCondition(condition: HostReport["condition"]): string {
  switch (condition.kind) {
    case "overloaded":
      return `overloaded: ${condition.resource}`;
    case "blind":
      return `blind: ${condition.reason}`;
    default:
      return condition.kind;
  }
}

const DOCTOR: Form<DoctorView> = {
  names: ({ checks }) => checks.filter(({ state }) => state !== "ok").map(({ name }) => name),
  text: ({ checks }, { palette, header }) =>
    table(
      checks,
      [
        { header: "CHECK", cell: ({ name }) => name },
        { header: "STATE", cell: ({ state }) => paintState(palette, state) },
        { header: "", cell: ({ message, hint }) => (hint === undefined ? message : `${message}; ${hint}`) },
      ],
      { palette, header, wide: false },
    ),
};

export async function status(context: Context): Promise<number> {
  return await show(context, () => context.client.call("status", {}, context.platform.interrupted), STATUS);
}

export async function doctor(context: Context): Promise<number> {
  let failed = 0;
  const ask = async () => {
    const reply = await context.client.call("doctor", {}, context.platform.interrupted);
    if (reply.ok) failed = reply.value.value.checks.filter(({ state }) => state === "failed").length;
    return reply;
  };
  const code = await show(context, ask, DOCTOR);
  if (code !== EXIT.done || failed === 0) return code;
  context.say(`${plural(failed, "check")} failed`);
  return EXIT.failed;
}

/** Says its own version whether or not an agent answers. */
export async function version(context: Context): Promise<number> {
  const { client, print, format, platform } = context;
  const reply = await client.call("version", {}, platform.interrupted);
  const agent = reply.ok ? reply.value.value : null;
  if (isDocument(format)) {
    const value = { discoveryctl: packageJson.version, agent };
    print(await sayDocument(format, { kind: "Versions", value, meta: reply.ok ? reply.value.meta : null }));
    return EXIT.done;
  }
  print(`discoveryctl ${packageJson.version}\n`);
  if (agent !== null) print(`agent ${agent.version} on ${agent.host}\n`);
  else if (!reply.ok) context.say(`agent: ${reply.failure.message}`);
  return EXIT.done;
}
