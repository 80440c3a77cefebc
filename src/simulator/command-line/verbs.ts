/** Every verb of discovery-sim with its options, bounds and exit codes. */
import { RUN_OPTIONS } from "./run-options.ts";
import type { ArgSpec, OptionSpec, VerbSpec } from "./spec.ts";

const OUTPUT: OptionSpec = {
  name: "output",
  short: "o",
  summary: "The form of what is printed.",
  value: { kind: "choice", name: "FORMAT", of: ["text", "json"] },
  standard: "text",
};

const SEED = { kind: "whole", name: "N", least: 0, most: Number.MAX_SAFE_INTEGER } as const;

const LARGE: OptionSpec = { name: "large", summary: "The seed's world of 25 to 48 hosts, not of 3 to 12." };

const NO_SENSE = [2, "The arguments make no sense, or a file cannot be read or written."] as const;
const INTERRUPTED = [130, "Interrupted (Ctrl-C): what there is until then was printed."] as const;

const FOLDERS: ArgSpec = {
  name: "DIR",
  summary: "A folder with README.md, scenario.yaml, script and, once recorded, expected.log.",
};

export const VERBS: readonly VerbSpec[] = [
  {
    name: "run",
    summary: "Plays one workload to as many hosts as asked for, and measures what comes of it.",
    args: [],
    options: [...RUN_OPTIONS, OUTPUT],
    exits: [
      [0, "Done; every invariant held."],
      [1, "An invariant was violated; the report ends there."],
      NO_SENSE,
      INTERRUPTED,
    ],
    examples: [
      "discovery-sim run --hosts 1024",
      "discovery-sim run --hosts 1024 --algorithm centralised -o json > central.json",
      "discovery-sim run --hosts 512 --sites 4 --faults failing=5,site-surge=10",
    ],
    load: () => import("../evaluation/command.ts"),
  },
  {
    name: "report",
    summary: "Makes one HTML page with a table and plots of what run -o json wrote.",
    args: [{ name: "FILE", summary: "What discovery-sim run -o json wrote." }],
    options: [
      {
        name: "html",
        summary: "Where the page goes; what is there is replaced.",
        value: { kind: "text", name: "OUT" },
        standard: "report.html",
      },
    ],
    exits: [
      [0, "Written."],
      [2, `${NO_SENSE[1]} Or the packages for plots are missing: scripts/setup --dev.`],
    ],
    examples: ["discovery-sim report *.json --html report.html"],
    load: () => import("../report/command.ts"),
  },
  {
    name: "swarm",
    summary: "Plays worlds drawn from seeds, with every kind of fault; ends at the first that shows one.",
    args: [],
    options: [
      {
        name: "runs",
        summary: "How many seeds.",
        value: { kind: "whole", name: "N", least: 1, most: 1_000_000_000 },
        standard: 100,
      },
      { name: "first-seed", summary: "The first of them.", value: SEED, standard: 1 },
      { name: "large", summary: "25 to 48 hosts instead of 3 to 12." },
      { name: "keep-going", summary: "Go on after a seed that shows a fault." },
      { name: "verbose", short: "v", summary: "Print each seed's story." },
      OUTPUT,
    ],
    exits: [
      [0, "No seed shows a fault."],
      [1, "A seed shows one; the command that replays it is printed."],
      NO_SENSE,
      [
        130,
        "Interrupted (Ctrl-C), and no seed until then shows a fault; the first that was not run is named.",
      ],
    ],
    examples: ["discovery-sim swarm --runs 200", "discovery-sim swarm --runs 20 --large --keep-going"],
    load: () => import("../swarm/command.ts"),
  },
  {
    name: "replay",
    summary: "Plays one seed of the swarm: its world, its story, and what is wrong.",
    args: [],
    options: [{ name: "seed", summary: "The seed.", value: SEED, required: true }, LARGE, OUTPUT],
    exits: [[0, "The seed shows no fault."], [1, "It shows one."], NO_SENSE],
    examples: ["discovery-sim replay --seed 714"],
    load: () => import("../swarm/replay-command.ts"),
  },
  {
    name: "shrink",
    summary: "Cuts a seed that shows a fault down to a scenario folder that people can read.",
    args: [],
    options: [
      { name: "seed", summary: "A seed that shows a fault.", value: SEED, required: true },
      {
        name: "out",
        summary: "The folder that is made: README.md, scenario.yaml, script, expected.log.",
        value: { kind: "text", name: "DIR" },
        required: true,
      },
      {
        name: "seconds",
        summary: "No run begins after so long; more may find a smaller scenario.",
        value: { kind: "whole", name: "S", least: 1, most: 86_400 },
        standard: 60,
      },
      LARGE,
      { name: "force", summary: "Write into a folder that is not empty, over what has these names." },
    ],
    exits: [
      [0, "Written."],
      [1, "The seed shows no fault; nothing is written."],
      NO_SENSE,
      [130, "Interrupted (Ctrl-C): the smallest scenario until then was written, if there was one."],
    ],
    examples: ["discovery-sim shrink --seed 714 --out seed-714 --seconds 300"],
    load: () => import("../swarm/shrink-command.ts"),
  },
  {
    name: "scenario",
    summary: "Plays scenario folders and prints their stories.",
    args: [FOLDERS],
    options: [
      { name: "check", summary: "Say only what differs from expected.log." },
      { name: "record", summary: "Write the story to expected.log, if nothing is wrong with it." },
      OUTPUT,
    ],
    exits: [
      [0, "Every invariant holds, each shows what it is to show and, with --check, is as recorded."],
      [1, "One does not."],
      [2, `${NO_SENSE[1]} Or something is wrong in a folder; the others are played all the same.`],
    ],
    examples: [
      "discovery-sim scenario test/simulation/scenarios/drain",
      "discovery-sim scenario --check test/simulation/scenarios/*",
    ],
    load: () => import("../scenario/command.ts"),
  },
  {
    name: "calibrate",
    summary: "Measures what the solver takes on this machine: what it is charged in simulated time.",
    args: [],
    options: [],
    exits: [[0, "Measured."], NO_SENSE],
    examples: [],
    load: () => import("../calibration/command.ts"),
  },
];
