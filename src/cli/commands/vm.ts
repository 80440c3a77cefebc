import type { ExplainView, HistoryEntry, VmView } from "../../api/views.ts";
import type { Reply } from "../../client/client.ts";
import { ok, type Result } from "../../lib/error.ts";
import { sayCores, sayDuration, saySize } from "../../lib/quantity.ts";
import type { Context } from "../context.ts";
import type { Input } from "../input.ts";
import { carryOut } from "../output/long-work.ts";
import { paintState } from "../output/palette.ts";
import { type Form, listForm, show as showReply } from "../output/show.ts";
import { type Column, record, table } from "../output/table.ts";
import { ago } from "../output/words.ts";

const COLUMNS: readonly Column<VmView>[] = [
  { header: "NAME", cell: ({ name }) => name },
  { header: "VE", cell: ({ ve }) => ve ?? "" },
  { header: "HOST", cell: ({ host }) => host },
  { header: "STATE", cell: ({ state }, palette) => paintState(palette, state) },
  { header: "CPUS", align: "right", cell: ({ cpus }) => String(cpus) },
  { header: "CPU", align: "right", cell: ({ demand }) => sayCores(demand.cpu) },
  { header: "MEMORY", align: "right", cell: ({ demand }) => saySize(demand.memory) },
  { header: "NOTE", cell: note },
  { header: "ID", wide: true, cell: ({ id }) => id },
];

function note({ migration, pinned }: VmView): string {
  if (migration !== null) return `moving ${migration.from} → ${migration.to}`;
  return pinned === null ? "" : `pinned: ${pinned}`;
}

const VM: Form<VmView> = {
  names: ({ name }) => [name],
  text: (vm, { palette }) =>
    record(
      [
        ["vm", `${palette.bold(vm.name)} ${palette.dim(vm.id)}`],
        ["ve", vm.ve ?? "none: not managed"],
        ["host", vm.host],
        ["state", paintState(palette, vm.state)],
        ["cpu", `${sayCores(vm.demand.cpu)} of ${vm.cpus} wanted`],
        ["memory", saySize(vm.demand.memory)],
        ["pinned", vm.pinned],
        [
          "moving",
          vm.migration === null ? null : `${vm.migration.from} → ${vm.migration.to}: ${vm.migration.reason}`,
        ],
      ],
      palette,
    ),
};

export async function list(context: Context, input: Input): Promise<number> {
  const ask = () => listed(context, input.text("host"), input.text("ve"));
  return await showReply(
    context,
    ask,
    listForm(COLUMNS, ({ name }) => name),
  );
}

/** Of a host and a VE that are there: a slip of the pen is no empty list. */
async function listed(
  { client, platform }: Context,
  host: string | undefined,
  ve: string | undefined,
): Promise<Result<Reply<readonly VmView[]>>> {
  const at = host === undefined ? null : await client.call("host.show", { host }, platform.interrupted);
  if (at?.ok === false) return at;
  const reply = await client.call("vm.list", {}, platform.interrupted);
  if (!reply.ok) return reply;
  const ofVe = reply.value.value.filter((vm) => ve === undefined || vm.ve === ve);
  if (ve !== undefined && ofVe.length === 0) {
    const known = await client.call("ve.show", { name: ve }, platform.interrupted);
    if (!known.ok) return known;
  }
  const value = ofVe.filter((vm) => at === null || vm.host === at.value.value.name);
  return ok({ ...reply.value, value });
}

export async function show(context: Context, input: Input): Promise<number> {
  const request = { vm: input.arg("VM") };
  return await showReply(
    context,
    () => context.client.call("vm.show", request, context.platform.interrupted),
    VM,
  );
}

export async function migrate(context: Context, input: Input): Promise<number> {
  const to = input.text("to");
  const reason = input.text("reason");
  const request = {
    vm: input.arg("VM"),
    ...(to === undefined ? {} : { to }),
    ...(reason === undefined ? {} : { reason }),
  };
  return await carryOut(
    context,
    input,
    await context.client.call("vm.migrate", request, context.platform.interrupted),
  );
}

const HISTORY = listForm<HistoryEntry>(
  [
    { header: "WHEN", align: "right", cell: ({ agoMs }) => ago(agoMs) },
    { header: "WHAT", cell: ({ what }) => what },
    { header: "FROM", cell: ({ from }) => from ?? "" },
    { header: "TO", cell: ({ to }) => to },
    {
      header: "TOOK",
      align: "right",
      cell: ({ durationMs }) => (durationMs === null ? "" : sayDuration(durationMs)),
    },
    { header: "OUTCOME", cell: ({ outcome }) => outcome },
    { header: "REASON", cell: ({ reason }) => reason },
  ],
  ({ what, to }) => `${what} ${to}`,
);

export async function history(context: Context, input: Input): Promise<number> {
  const request = { vm: input.arg("VM") };
  return await showReply(
    context,
    () => context.client.call("vm.history", request, context.platform.interrupted),
    HISTORY,
  );
}

const EXPLANATION: Form<ExplainView> = {
  names: ({ hosts }) => hosts.filter(({ possible }) => possible).map(({ host }) => host),
  text: ({ summary, decisions, hosts }, { palette, header }) => {
    const past = decisions.map(
      ({ what, reason, agoMs }) => `  ${palette.dim(ago(agoMs))}  ${what}: ${reason}\n`,
    );
    const columns: Column<ExplainView["hosts"][number]>[] = [
      { header: "HOST", cell: ({ host }) => host },
      {
        header: "POSSIBLE",
        cell: ({ possible }) => (possible ? palette.good("yes") : palette.attention("no")),
      },
      { header: "WHY", cell: ({ why }) => why },
    ];
    const elsewhere =
      hosts.length === 0 ? "" : `\n${table(hosts, columns, { palette, header, wide: false })}`;
    return `${summary}\n${past.join("")}${elsewhere}`;
  },
};

export async function explain(context: Context, input: Input): Promise<number> {
  const request = { vm: input.arg("VM") };
  const ask = () => context.client.call("explain.vm", request, context.platform.interrupted);
  return await showReply(context, ask, EXPLANATION);
}
