/** Colours mean something or are not there: good, attention, bad, less important. */
export interface Palette {
  readonly good: Paint;
  readonly attention: Paint;
  readonly bad: Paint;
  readonly dim: Paint;
  readonly bold: Paint;
}

type Paint = (text: string) => string;

const plain: Paint = (text) => text;
const code =
  (open: number, close: number): Paint =>
  (text) =>
    text === "" ? "" : `\u001b[${open}m${text}\u001b[${close}m`;

export const PLAIN: Palette = { good: plain, attention: plain, bad: plain, dim: plain, bold: plain };

export const COLOURS: Palette = {
  good: code(32, 39),
  attention: code(33, 39),
  bad: code(31, 39),
  dim: code(2, 22),
  bold: code(1, 22),
};

/** States of hosts, VMs, VEs, operations and checks, as they should catch the eye. */
const STATES: { readonly [state: string]: keyof Palette } = {
  alive: "good",
  running: "good",
  succeeded: "good",
  ok: "good",
  normal: "good",
  suspect: "attention",
  draining: "attention",
  drained: "attention",
  waiting: "attention",
  assigned: "attention",
  stopping: "attention",
  overloaded: "attention",
  paused: "attention",
  warning: "attention",
  cancelled: "attention",
  dead: "bad",
  unknown: "bad",
  failed: "bad",
  crashed: "bad",
  blind: "bad",
  left: "dim",
  stopped: "dim",
  shutoff: "dim",
  terminated: "dim",
};

export function paintState(palette: Palette, state: string): string {
  const paint = STATES[state.split(":")[0] ?? ""];
  return paint === undefined ? state : palette[paint](state);
}
