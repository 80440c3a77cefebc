import type { DrainPreview, HostView, RttView, Started } from "../../api/views.ts";
import { ok } from "../../lib/error.ts";
import { byText } from "../../lib/order.ts";
import type { Context } from "../context.ts";
import type { Input } from "../input.ts";
import { carryOut } from "../output/long-work.ts";
import { paintState } from "../output/palette.ts";
import { acknowledge, type Form, listForm, show as showReply } from "../output/show.ts";
import { type Column, record, table } from "../output/table.ts";
import { cpuShare, memoryShare, milliseconds, pairs, plural } from "../output/words.ts";
import { reportPairs, sayCondition } from "./status.ts";

const COLUMNS: readonly Column<HostView>[] = [
  { header: "NAME", cell: ({ name }) => name },
  { header: "STATE", cell: ({ state }, palette) => paintState(palette, state) },
  {
    header: "CPU",
    align: "right",
    cell: ({ report }) => (report === null ? "" : cpuShare(report.wanted, report.capacity)),
  },
  {
    header: "MEMORY",
    align: "right",
    cell: ({ report }) => (report === null ? "" : memoryShare(report.wanted, report.capacity)),
  },
  { header: "VMS", align: "right", cell: ({ report }) => (report === null ? "" : String(report.vms)) },
  { header: "RTT", align: "right", cell: ({ rttMs }) => milliseconds(rttMs) },
  { header: "NOTE", cell: (host, palette) => paintState(palette, note(host)) },
  { header: "LABELS", wide: true, cell: ({ labels }) => pairs(labels) },
  { header: "HYPERVISOR", wide: true, cell: ({ report }) => report?.hypervisor ?? "" },
  { header: "PARTITION", wide: true, cell: ({ report }) => report?.partition ?? "" },
  { header: "VERSION", wide: true, cell: ({ version }) => version },
  { header: "ID", wide: true, cell: ({ id }) => id },
];

/** What is out of the ordinary. */
function note({ drain, report }: HostView): string {
  if (drain !== "no") return drain;
  return report === null || report.condition.kind === "normal" ? "" : sayCondition(report.condition);
}

const HOST: Form<HostView> = {
  names: ({ name }) => [name],
  text: (host, { palette }) =>
    record(
      [
        ["host", `${palette.bold(host.name)} ${palette.dim(host.id)}`],
        ["state", paintState(palette, host.state)],
        ["version", host.version],
        ["labels", pairs(host.labels)],
        ["round trip", milliseconds(host.rttMs)],
        ["drain", host.drain === "no" ? null : host.drain],
        ...(host.report === null
          ? [["report", "it did not answer"] as [string, string]]
          : reportPairs({ ...host.report, drain: "no" })),
      ],
      palette,
    ),
};

export async function list(context: Context): Promise<number> {
  const form = listForm(COLUMNS, ({ name }) => name);
  return await showReply(
    context,
    () => context.client.call("host.list", {}, context.platform.interrupted),
    form,
  );
}

export async function show(context: Context, input: Input): Promise<number> {
  const request = { host: input.arg("HOST") };
  return await showReply(
    context,
    () => context.client.call("host.show", request, context.platform.interrupted),
    HOST,
  );
}

export async function drain(context: Context, input: Input): Promise<number> {
  const { client, platform } = context;
  const reason = input.text("reason");
  const host = input.arg("HOST");
  const dryRun = input.flag("dry-run");
  const request = { host, ...(dryRun ? { dryRun } : {}), ...(reason === undefined ? {} : { reason }) };
  const reply = await client.call("host.drain", request, platform.interrupted);
  if (!reply.ok) return context.failed(reply.failure);
  const { value } = reply.value;
  if ("vms" in value) return await showReply(context, async () => ok({ ...reply.value, value }), PREVIEW);
  return await carryOut(context, input, ok({ ...reply.value, value: value as Started }));
}

const PREVIEW: Form<DrainPreview> = {
  names: ({ vms }) => vms.map(({ name }) => name),
  text: ({ vms, stay, records, host }, { palette, header }) => {
    const columns: Column<DrainPreview["vms"][number]>[] = [
      { header: "VM", cell: ({ name }) => name },
      { header: "TO", cell: ({ target }) => target ?? "" },
      { header: "BLOCKED BY", cell: ({ blocker }) => palette.attention(blocker ?? "") },
    ];
    const rows = vms.length === 0 ? "" : table(vms, columns, { palette, header, wide: false });
    const blocked = vms.filter(({ blocker }) => blocker !== null).length;
    const summary = `${host}: ${plural(vms.length, "VM")} would leave, ${blocked} blocked, ${plural(records, "VE record")} would move`;
    const foreign = `${plural(stay.length, "VM")} not managed, left where they are: ${stay.join(", ")}\n`;
    return `${rows}${summary}\n${stay.length === 0 ? "" : foreign}`;
  },
};

export async function restore(context: Context, input: Input): Promise<number> {
  const reason = input.text("reason");
  const request = { host: input.arg("HOST"), ...(reason === undefined ? {} : { reason }) };
  const reply = await context.client.call("host.restore", request, context.platform.interrupted);
  return await acknowledge(context, reply, request.host, `${request.host} takes VMs again`);
}

/** Up to this many hosts a matrix is easier to read than a list. */
const MATRIX_HOSTS = 12;

const RTT: Form<readonly RttView[]> = {
  names: (rows) => rows.map(({ from, to }) => `${from} ${to}`),
  text: (rows, context) => {
    const hosts = [...new Set(rows.flatMap(({ from, to }) => [from, to]))].sort(byText);
    if (hosts.length === 0) return "";
    return hosts.length <= MATRIX_HOSTS ? matrix(rows, hosts, context) : LIST.text(rows, context);
  },
};

const LIST = listForm<RttView>(
  [
    { header: "FROM", cell: ({ from }) => from },
    { header: "TO", cell: ({ to }) => to },
    { header: "RTT", align: "right", cell: ({ rttMs }) => milliseconds(rttMs) },
  ],
  ({ from, to }) => `${from} ${to}`,
);

function matrix(rows: readonly RttView[], hosts: readonly string[], { palette, header }: Context): string {
  const known = new Map(rows.map(({ from, to, rttMs }) => [`${from} ${to}`, milliseconds(rttMs)]));
  const columns: Column<string>[] = hosts.map((to) => ({
    header: to,
    align: "right",
    cell: (from) => (from === to ? "·" : (known.get(`${from} ${to}`) ?? "")),
  }));
  const named: Column<string> = { header: "FROM \\ TO", cell: (from) => from };
  return table(hosts, [named, ...columns], { palette, header, wide: false });
}

export async function rtt(context: Context): Promise<number> {
  return await showReply(
    context,
    () => context.client.call("host.rtt", {}, context.platform.interrupted),
    RTT,
  );
}
