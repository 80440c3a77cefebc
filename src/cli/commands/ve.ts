import type { VeView, VeVmView } from "../../api/views.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import type { Input } from "../input.ts";
import { carryOut } from "../output/long-work.ts";
import { paintState } from "../output/palette.ts";
import { type Form, freshness, listForm, show as showReply } from "../output/show.ts";
import { type Column, record, table } from "../output/table.ts";
import { ago, pairs } from "../output/words.ts";

const COLUMNS: readonly Column<VeView>[] = [
  { header: "NAME", cell: ({ name }) => name },
  { header: "DESIRED", cell: ({ desired }) => desired },
  { header: "STATE", cell: ({ observed }, palette) => paintState(palette, observed) },
  { header: "RUNNING", align: "right", cell: ({ vms }) => `${runningIn(vms)}/${vms.length}` },
  { header: "HOME", cell: ({ home }) => home },
  { header: "GENERATION", align: "right", cell: ({ generation }) => String(generation) },
  { header: "NOTE", cell: note },
  { header: "HANDLER", wide: true, cell: ({ handler }) => handler },
  { header: "ADOPTED", wide: true, cell: ({ adopted }) => (adopted ? "yes" : "no") },
];

/** What is out of the ordinary. */
function note({ degraded, waitingFor, movingTo }: VeView): string {
  const moving = movingTo === null ? null : `its record moves to ${movingTo}`;
  return [degraded, waitingFor, moving].filter((part) => part !== null).join("; ");
}

function runningIn(vms: readonly VeVmView[]): number {
  return vms.filter(({ state }) => state === "running").length;
}

const VM_COLUMNS: readonly Column<VeVmView>[] = [
  { header: "VM", cell: ({ name }) => name },
  { header: "STATE", cell: ({ state }, palette) => paintState(palette, state) },
  { header: "HOST", cell: ({ host }) => host ?? "" },
  { header: "HEARD", align: "right", cell: ({ heardAgoMs }) => ago(heardAgoMs) },
  { header: "NOTE", cell: ({ note: said }) => said ?? "" },
  { header: "DOMAIN", wide: true, cell: ({ domain }) => domain },
  { header: "HANDLER", wide: true, cell: ({ handler }) => handler },
  { header: "ID", wide: true, cell: ({ id }) => id },
];

const VE: Form<VeView> = {
  names: ({ vms }) => vms.map(({ name }) => name),
  text: (ve, { palette, header, format }) => {
    const about = record(
      [
        ["ve", `${palette.bold(ve.name)} ${palette.dim(ve.handler)}`],
        ["desired", ve.desired],
        ["state", paintState(palette, ve.observed)],
        ["generation", String(ve.generation)],
        ["home", ve.home],
        ["priority", String(ve.priority)],
        ["labels", pairs(ve.labels)],
        ["adopted", ve.adopted ? "yes" : null],
        ["degraded", ve.degraded],
        ["waits for", ve.waitingFor],
        ["moves to", ve.movingTo],
        ["operation", ve.operation],
      ],
      palette,
    );
    const vms = table(ve.vms, VM_COLUMNS, { palette, header, wide: format === "wide" });
    return ve.vms.length === 0 ? about : `${about}\n${vms}`;
  },
};

export async function list(context: Context): Promise<number> {
  const form = listForm(COLUMNS, ({ name }) => name);
  return await showReply(
    context,
    () => context.client.call("ve.list", {}, context.platform.interrupted),
    form,
  );
}

export async function show(context: Context, input: Input): Promise<number> {
  const request = { name: input.arg("VE") };
  return await showReply(
    context,
    () => context.client.call("ve.show", request, context.platform.interrupted),
    VE,
  );
}

export async function start(context: Context, input: Input): Promise<number> {
  const request = { name: input.arg("VE"), ...reasonOf(input) };
  return await carryOut(
    context,
    input,
    await context.client.call("ve.start", request, context.platform.interrupted),
  );
}

export async function stop(context: Context, input: Input): Promise<number> {
  const request = { name: input.arg("VE"), ...graceOf(input), ...reasonOf(input) };
  return await carryOut(
    context,
    input,
    await context.client.call("ve.stop", request, context.platform.interrupted),
  );
}

export async function remove(context: Context, input: Input): Promise<number> {
  const name = input.arg("VE");
  const refused = input.flag("yes") ? null : await confirm(context, `Stop ${name} and forget it?`);
  if (refused !== null) return refused;
  const request = { name, ...graceOf(input), ...reasonOf(input) };
  return await carryOut(
    context,
    input,
    await context.client.call("ve.delete", request, context.platform.interrupted),
  );
}

/** @returns null: go on; otherwise the exit code. */
async function confirm({ platform, failed, say }: Context, question: string): Promise<number | null> {
  if (platform.ask === null) {
    const reason = "it cannot be undone, and there is no terminal to ask at";
    return failed({ code: "unsafe", message: "this needs a yes", reason, hint: "add --yes" });
  }
  if (await platform.ask(question)) return null;
  say("nothing was changed");
  return EXIT.failed;
}

/** The manifest itself and nothing round it, YAML unless JSON is asked for: it is meant to be a file. */
export async function exportManifest(context: Context, input: Input): Promise<number> {
  const { client, platform, format, print } = context;
  const reply = await client.call("ve.export", { name: input.arg("VE") }, platform.interrupted);
  if (!reply.ok) return context.failed(reply.failure);
  const { value, meta } = reply.value;
  if (format === "json") print(`${JSON.stringify(value, null, 2)}\n`);
  else {
    const { stringify } = await import("yaml");
    print(stringify(value, { lineWidth: 110 }));
  }
  return freshness({ ...context, format: "yaml" }, meta);
}

export async function adopt(context: Context, input: Input): Promise<number> {
  const host = input.text("host");
  const request = {
    name: input.arg("VE"),
    domains: input.args("DOMAIN"),
    ...(host === undefined ? {} : { host }),
    ...reasonOf(input),
  };
  return await carryOut(
    context,
    input,
    await context.client.call("ve.adopt", request, context.platform.interrupted),
  );
}

function reasonOf(input: Input): { readonly reason?: string } {
  const reason = input.text("reason");
  return reason === undefined ? {} : { reason };
}

function graceOf(input: Input): { readonly graceMs?: number } {
  const graceMs = input.duration("grace");
  return graceMs === undefined ? {} : { graceMs };
}
