import type { OperationView } from "../../api/views.ts";
import { sayDuration } from "../../lib/quantity.ts";
import type { Context } from "../context.ts";
import type { Input } from "../input.ts";
import { follow } from "../output/long-work.ts";
import { paintState } from "../output/palette.ts";
import { acknowledge, type Form, listForm, show as showReply } from "../output/show.ts";
import { type Column, record } from "../output/table.ts";
import { ago } from "../output/words.ts";

const COLUMNS: readonly Column<OperationView>[] = [
  { header: "OP", cell: ({ name }) => name },
  { header: "KIND", cell: ({ kind }) => kind },
  { header: "ABOUT", cell: ({ subject }) => subject },
  { header: "STATE", cell: ({ state }, palette) => paintState(palette, state) },
  { header: "DONE", align: "right", cell: done },
  { header: "STARTED", align: "right", cell: ({ startedAgoMs }) => ago(startedAgoMs) },
  { header: "TOOK", align: "right", cell: took },
  { header: "MESSAGE", cell: ({ message }) => message },
  { header: "HOST", wide: true, cell: ({ host }) => host },
  { header: "REASON", wide: true, cell: ({ reason }) => reason },
];

function done({ progress }: OperationView): string {
  return progress === null ? "" : `${progress.done}/${progress.total}`;
}

function took({ startedAgoMs, endedAgoMs }: OperationView): string {
  return endedAgoMs === null ? "" : sayDuration(startedAgoMs - endedAgoMs);
}

const OPERATION: Form<OperationView> = {
  names: ({ name }) => [name],
  text: (operation, { palette }) =>
    record(
      [
        ["operation", palette.bold(operation.name)],
        ["kind", operation.kind],
        ["about", operation.subject],
        ["state", paintState(palette, operation.state)],
        ["done", done(operation)],
        ["message", operation.message],
        ["started", `${ago(operation.startedAgoMs)} on ${operation.host}`],
        ["took", took(operation)],
        ["reason", operation.reason],
        ["why", operation.failure?.reason ?? null],
        ["next", operation.failure?.hint ?? null],
      ],
      palette,
    ),
};

export async function list(context: Context): Promise<number> {
  const form = listForm(COLUMNS, ({ name }) => name);
  return await showReply(
    context,
    () => context.client.call("op.list", {}, context.platform.interrupted),
    form,
  );
}

export async function show(context: Context, input: Input): Promise<number> {
  const request = { name: input.arg("OP") };
  return await showReply(
    context,
    () => context.client.call("op.show", request, context.platform.interrupted),
    OPERATION,
  );
}

export async function wait(context: Context, input: Input): Promise<number> {
  return await follow(context, input.arg("OP"));
}

export async function cancel(context: Context, input: Input): Promise<number> {
  const name = input.arg("OP");
  const reply = await context.client.call("op.cancel", { name }, context.platform.interrupted);
  return await acknowledge(context, reply, name, `${name} is called off`);
}
