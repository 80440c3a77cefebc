import type { BalanceView, BalancingMode } from "../../api/views.ts";
import type { Context } from "../context.ts";
import type { Input } from "../input.ts";
import { paintState } from "../output/palette.ts";
import { acknowledge, type Form, show } from "../output/show.ts";
import { type Column, table } from "../output/table.ts";
import { ago, percent, shortIds } from "../output/words.ts";

type HostLoad = BalanceView["hosts"][number];

const COLUMNS: readonly Column<HostLoad>[] = [
  { header: "HOST", cell: ({ host }) => host },
  { header: "CPU", align: "right", cell: ({ cpu }) => percent(cpu.wanted, cpu.capacity) },
  { header: "MEMORY", align: "right", cell: ({ memory }) => percent(memory.wanted, memory.capacity) },
  { header: "CONDITION", cell: ({ condition }, palette) => paintState(palette, condition) },
  { header: "PARTITION", cell: ({ partition }) => shortIds(partition ?? "") },
];

const BALANCE: Form<BalanceView> = {
  names: ({ hosts }) => hosts.map(({ host }) => host),
  text: ({ mode: now, hosts, reasons }, { palette, header, format }) => {
    const rows = hosts.length === 0 ? "" : `\n${table(hosts, COLUMNS, { palette, header, wide: false })}`;
    const why = reasons.map(
      ({ event, about, reason, agoMs }) =>
        `  ${palette.dim(ago(agoMs))}  ${format === "wide" ? `${event}: ` : ""}${about}: ${shortIds(reason)}\n`,
    );
    const unsolved = why.length === 0 ? "" : `\nnot solved:\n${why.join("")}`;
    return `balancing: ${now}\n${rows}${unsolved}`;
  },
};

export async function status(context: Context): Promise<number> {
  return await show(
    context,
    () => context.client.call("balance.status", {}, context.platform.interrupted),
    BALANCE,
  );
}

export async function mode(context: Context, input: Input): Promise<number> {
  const wanted = input.arg("MODE") as BalancingMode;
  const reply = await context.client.call("balance.mode", { mode: wanted }, context.platform.interrupted);
  return await acknowledge(context, reply, wanted, `balancing: ${wanted}`);
}
