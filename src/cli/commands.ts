/** Every command of discoveryctl. */
import { EXIT } from "./exit-codes.ts";
import { DRY_RUN, GRACE, LONG_WORK, REASON, WATCH, YES } from "./options.ts";
import type { ArgSpec, CommandSpec, OptionSpec } from "./spec.ts";

const HOST: ArgSpec = { name: "HOST", summary: "A host's name or node id.", of: "host" };
const VM: ArgSpec = { name: "VM", summary: "A domain's name, <ve>.<vm>, or a VM id.", of: "vm" };
const VE: ArgSpec = { name: "VE", summary: "A virtual environment's name.", of: "ve" };
const OP: ArgSpec = { name: "OP", summary: "An operation's id.", of: "op" };

const FILE: OptionSpec = {
  name: "file",
  short: "f",
  summary: "The manifest; - reads standard input.",
  value: { name: "FILE", kind: "text", of: "file" },
};
const IF_GENERATION: OptionSpec = {
  name: "if-generation",
  summary: "Refuse unless the VE is at this generation; 0: unless it is new.",
  value: { name: "N", kind: "number" },
};
const ALLOW_RESTART: OptionSpec = {
  name: "allow-restart",
  summary: "Allow changes that restart VMs; without it they are refused.",
};

function whatIf(hostDown: string, drain: string): readonly OptionSpec[] {
  const hosts = { name: "HOSTS", kind: "text", of: "host" } as const;
  return [
    { name: "host-down", summary: hostDown, value: hosts },
    { name: "drain", summary: drain, value: hosts },
    {
      name: "add-vms",
      summary: "VMs that wait for a host: N:cpus=C,memory=SIZE[,name=X], or a file with a list of them.",
      value: { name: "VMS", kind: "text", of: "file" },
    },
  ];
}
const WHAT_IF_LIVE = whatIf(
  "As if these hosts were gone (a,b): their VMs wait; domains that nobody manages are left out.",
  "As if these hosts were to be emptied (a,b), as far as policies allow.",
);
const WHAT_IF_SOLVED = whatIf(
  "As if these hosts were gone (a,b): everything there waits, pinned or not.",
  "As if these hosts were to be emptied (a,b), wholly: what is pinned there makes it infeasible.",
);
const PLAN_ONLY: OptionSpec = {
  name: "dry-run",
  summary: "The same as ve plan: exit code 10 when there are changes.",
};

const NONE = { args: [], options: [], examples: [] } as const;

export const COMMANDS: readonly CommandSpec[] = [
  {
    ...NONE,
    words: ["status"],
    summary: "This host, and what it knows of the others.",
    options: WATCH,
    load: async () => (await import("./commands/status.ts")).status,
  },
  {
    ...NONE,
    words: ["doctor"],
    summary: "Check this host's installation.",
    load: async () => (await import("./commands/status.ts")).doctor,
  },
  {
    ...NONE,
    words: ["host", "list"],
    summary: "All hosts, their load and state.",
    options: WATCH,
    examples: ["discoveryctl host list", "discoveryctl host list -o wide --watch"],
    load: async () => (await import("./commands/host.ts")).list,
  },
  {
    ...NONE,
    words: ["host", "show"],
    summary: "One host.",
    args: [HOST],
    options: WATCH,
    load: async () => (await import("./commands/host.ts")).show,
  },
  {
    ...NONE,
    words: ["host", "drain"],
    summary: "Move everything away from a host, live, so that it can be taken down.",
    args: [HOST],
    options: [DRY_RUN, ...LONG_WORK],
    examples: ["discoveryctl host drain h1 --dry-run", 'discoveryctl host drain h1 --reason "new memory"'],
    load: async () => (await import("./commands/host.ts")).drain,
  },
  {
    ...NONE,
    words: ["host", "restore"],
    summary: "End a drain: the host takes VMs again. Nothing moves back by itself.",
    args: [HOST],
    options: [REASON],
    load: async () => (await import("./commands/host.ts")).restore,
  },
  {
    ...NONE,
    words: ["host", "rtt"],
    summary: "Round trips between hosts.",
    options: WATCH,
    load: async () => (await import("./commands/host.ts")).rtt,
  },
  {
    ...NONE,
    words: ["vm", "list"],
    summary: "All VMs, those that belong to no VE too.",
    options: [
      ...WATCH,
      {
        name: "host",
        summary: "Only those on this host.",
        value: { name: "HOST", kind: "text", of: "host" },
      },
      { name: "ve", summary: "Only those of this VE.", value: { name: "VE", kind: "text", of: "ve" } },
    ],
    load: async () => (await import("./commands/vm.ts")).list,
  },
  {
    ...NONE,
    words: ["vm", "show"],
    summary: "One VM.",
    args: [VM],
    options: WATCH,
    load: async () => (await import("./commands/vm.ts")).show,
  },
  {
    ...NONE,
    words: ["vm", "migrate"],
    summary: "Move a VM to another host, live.",
    args: [VM],
    options: [
      {
        name: "to",
        summary: "Where to; absent: wherever is best.",
        value: { name: "HOST", kind: "text", of: "host" },
      },
      ...LONG_WORK,
    ],
    examples: ["discoveryctl vm migrate shop.web-0 --to h2"],
    load: async () => (await import("./commands/vm.ts")).migrate,
  },
  {
    ...NONE,
    words: ["vm", "history"],
    summary: "What happened to a VM, and why.",
    args: [VM],
    load: async () => (await import("./commands/vm.ts")).history,
  },
  {
    ...NONE,
    words: ["explain", "vm"],
    summary: "Why a VM is where it is, and where else it could be.",
    args: [VM],
    load: async () => (await import("./commands/vm.ts")).explain,
  },
  {
    ...NONE,
    words: ["ve", "apply"],
    summary: "Bring a VE to what its manifest says. Applied twice, it changes nothing.",
    options: [FILE, PLAN_ONLY, IF_GENERATION, ALLOW_RESTART, ...LONG_WORK],
    examples: [
      "discoveryctl ve apply -f shop.yaml",
      "discoveryctl ve export shop | discoveryctl ve apply -f -",
    ],
    load: async () => (await import("./commands/ve-apply.ts")).apply,
  },
  {
    ...NONE,
    words: ["ve", "plan"],
    summary: "What apply would change: exit code 10 when there is something, 0 when not.",
    options: [FILE, IF_GENERATION, ALLOW_RESTART],
    examples: ["discoveryctl ve plan -f shop.yaml"],
    load: async () => (await import("./commands/ve-apply.ts")).plan,
  },
  {
    ...NONE,
    words: ["ve", "list"],
    summary: "All virtual environments.",
    options: WATCH,
    load: async () => (await import("./commands/ve.ts")).list,
  },
  {
    ...NONE,
    words: ["ve", "show"],
    summary: "One virtual environment and its VMs.",
    args: [VE],
    options: WATCH,
    load: async () => (await import("./commands/ve.ts")).show,
  },
  {
    ...NONE,
    words: ["ve", "start"],
    summary: "Start a VE.",
    args: [VE],
    options: LONG_WORK,
    load: async () => (await import("./commands/ve.ts")).start,
  },
  {
    ...NONE,
    words: ["ve", "stop"],
    summary: "Stop a VE's VMs: they are asked to power off, then cut.",
    args: [VE],
    options: [GRACE, ...LONG_WORK],
    load: async () => (await import("./commands/ve.ts")).stop,
  },
  {
    ...NONE,
    words: ["ve", "delete"],
    summary: "Stop a VE and forget it. Disks are kept.",
    args: [VE],
    options: [YES, GRACE, ...LONG_WORK],
    load: async () => (await import("./commands/ve.ts")).remove,
  },
  {
    ...NONE,
    words: ["ve", "export"],
    summary: "Print a VE's manifest, as apply takes it.",
    args: [VE],
    examples: ["discoveryctl ve export shop > shop.yaml"],
    outputs: ["yaml", "json"],
    load: async () => (await import("./commands/ve.ts")).exportManifest,
  },
  {
    ...NONE,
    words: ["ve", "adopt"],
    summary: "Make running domains a VE, without touching them.",
    args: [
      { name: "VE", summary: "What the VE is to be called." },
      { name: "DOMAIN", summary: "Running domains that belong to no VE.", many: true, of: "vm" },
    ],
    options: [
      {
        name: "host",
        summary: "Where they run; absent: this host.",
        value: { name: "HOST", kind: "text", of: "host" },
      },
      ...LONG_WORK,
    ],
    examples: ["discoveryctl ve adopt legacy mail ldap"],
    load: async () => (await import("./commands/ve.ts")).adopt,
  },
  {
    ...NONE,
    words: ["balance", "status"],
    summary: "Load per host, and why nothing moves.",
    options: WATCH,
    load: async () => (await import("./commands/balance.ts")).status,
  },
  {
    ...NONE,
    words: ["balance", "mode"],
    summary: "Set what overload leads to, on all hosts.",
    args: [
      {
        name: "MODE",
        summary: "auto acts, recommend only says, manual does neither.",
        of: ["auto", "recommend", "manual"],
      },
    ],
    load: async () => (await import("./commands/balance.ts")).mode,
  },
  {
    ...NONE,
    words: ["op", "list"],
    summary: "Long work: what is under way, and what ended lately.",
    options: WATCH,
    load: async () => (await import("./commands/op.ts")).list,
  },
  {
    ...NONE,
    words: ["op", "show"],
    summary: "One operation.",
    args: [OP],
    options: WATCH,
    load: async () => (await import("./commands/op.ts")).show,
  },
  {
    ...NONE,
    words: ["op", "wait"],
    summary: "Wait until an operation has ended; the exit code says how.",
    args: [OP],
    load: async () => (await import("./commands/op.ts")).wait,
  },
  {
    ...NONE,
    words: ["op", "cancel"],
    summary: "Call an operation off.",
    args: [OP],
    load: async () => (await import("./commands/op.ts")).cancel,
  },
  {
    ...NONE,
    words: ["events"],
    summary: "What happened on the host that is asked, and with --follow what happens there.",
    options: [
      {
        name: "follow",
        short: "f",
        summary: "Go on with what happens from now on; every other host tells its own.",
      },
      {
        name: "since",
        summary: "From a sequence number, a time, or so long ago.",
        value: { name: "WHEN", kind: "text" },
      },
    ],
    examples: ["discoveryctl events --since 10m", "discoveryctl events --follow -o json"],
    outputs: ["table", "wide", "json"],
    load: async () => (await import("./commands/events.ts")).events,
  },
  {
    ...NONE,
    words: ["capture"],
    summary: "Print the live infrastructure as an instance for solve: JSON, vmr-instance/2.",
    options: WHAT_IF_LIVE,
    examples: [
      "discoveryctl capture | discoveryctl solve -",
      "discoveryctl capture --drain h1 | discoveryctl solve -",
      "discoveryctl capture --host-down h1 --add-vms 20:cpus=2,memory=4GiB | discoveryctl solve -",
    ],
    outputs: ["json"],
    load: async () => (await import("./commands/capture.ts")).capture,
  },
  {
    words: ["solve"],
    summary: "Solve a placement instance with the agents' own solver; needs no agent.",
    args: [{ name: "FILE|-", summary: "vmr-instance/1 or /2; - reads standard input.", of: "file" }],
    options: [
      {
        name: "objective",
        summary: "What the plan should be cheap in; absent: what the instance says, or memory.",
        value: {
          name: "WHAT",
          kind: "text",
          choices: ["memory", "makespan", "migrations", "hosts", "distance"],
        },
      },
      {
        name: "deadline",
        summary: "Print the best so far after this; --timeout does the same here, and the sooner counts.",
        value: { name: "TIME", kind: "duration" },
      },
      {
        name: "limit",
        summary: "Placement decisions at most; absent: 1000000.",
        value: { name: "N", kind: "number" },
      },
      {
        name: "seed",
        summary: "Of the search's random choices; absent: 0.",
        value: { name: "N", kind: "number" },
      },
      {
        name: "repeat",
        summary: "Solve so often; times are medians; absent: 1.",
        value: { name: "N", kind: "number" },
      },
      { name: "trace", summary: "How cost and bound came closer." },
      ...WHAT_IF_SOLVED,
    ],
    examples: ["discoveryctl solve instance.json", "discoveryctl solve instance.json --drain h1 -o json"],
    outputs: ["table", "json"],
    exits: [
      [EXIT.done, "Solved: a plan, perhaps an empty one."],
      [EXIT.failed, "The solver made a plan that its own checkers refuse."],
      [EXIT.usage, "Wrong usage, or the instance cannot be read."],
      [EXIT.unplaceable, "Infeasible: there is no plan."],
      [EXIT.timedOut, "Limit: no plan was found in time, and none was proved impossible."],
    ],
    load: async () => (await import("./commands/solve-files.ts")).solveFile,
  },
  {
    ...NONE,
    words: ["cluster", "init"],
    summary: "Make the key that all hosts of a cluster share.",
    options: [
      { name: "key-file", summary: "Where to put it.", value: { name: "FILE", kind: "text", of: "file" } },
    ],
    outputs: ["table"],
    load: async () => (await import("./commands/cluster.ts")).init,
  },
  {
    ...NONE,
    words: ["config", "show"],
    summary: "Every setting, its value and where that comes from, as an agent started here would take it.",
    options: [
      { name: "config", summary: "The main file.", value: { name: "FILE", kind: "text", of: "file" } },
      { name: "no-header", summary: "Leave the table's header out." },
    ],
    load: async () => (await import("./commands/config.ts")).show,
  },
  {
    ...NONE,
    words: ["version"],
    summary: "The versions of this program and of the agent.",
    load: async () => (await import("./commands/status.ts")).version,
  },
  {
    ...NONE,
    words: ["completion"],
    summary: "Print a script that completes commands in your shell.",
    args: [{ name: "SHELL", summary: "Which shell.", of: ["bash", "zsh", "fish"] }],
    examples: ["discoveryctl completion bash > /etc/bash_completion.d/discoveryctl"],
    outputs: ["table"],
    load: async () => (await import("./commands/completion.ts")).completion,
  },
];

/** What each noun is about, for the overview. */
export const NOUNS: { readonly [noun: string]: string } = {
  host: "Hosts: list, show, drain, restore, measure distances.",
  vm: "Virtual machines: list, show, migrate, history.",
  ve: "Virtual environments: declare, start, stop, adopt.",
  explain: "Why things are as they are.",
  balance: "Automatic balancing.",
  op: "Long work under way.",
  cluster: "The cluster's key.",
  config: "The agent's configuration.",
};

/** Words that mean another one. */
export const ALIASES: { readonly [word: string]: string } = {
  hosts: "host",
  vms: "vm",
  ves: "ve",
  ops: "op",
  operation: "op",
  operations: "op",
  event: "events",
  ls: "list",
  rm: "delete",
};
