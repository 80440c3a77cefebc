/** `discovery-sim`: worlds in virtual time. Each verb has a folder; it is loaded when it is asked for. */
import packageJson from "../../package.json" with { type: "json" };

interface Verb {
  readonly summary: string;
  readonly load: () => Promise<{ readonly main: (args: readonly string[]) => Promise<number> }>;
}

const VERBS: { readonly [verb: string]: Verb } = {
  run: {
    summary: "run --hosts H …         one workload at scale, measured; see run --help",
    load: () => import("./evaluation/command.ts"),
  },
  report: {
    summary: "report FILE…            what run -o json wrote, as one HTML page with plots",
    load: () => import("./report/command.ts"),
  },
  calibrate: {
    summary: "calibrate               what the solver takes here: what it is charged in simulated time",
    load: () => import("./calibration/command.ts"),
  },
  scenario: {
    summary: "scenario DIR…           runs scenario folders and prints their stories",
    load: () => import("./scenario/command.ts"),
  },
  swarm: {
    summary: "swarm --runs N          worlds drawn from seeds, with every kind of fault",
    load: () => import("./swarm/command.ts"),
  },
  replay: {
    summary: "replay --seed N          one seed of the swarm with its story",
    load: () => import("./swarm/replay-command.ts"),
  },
  shrink: {
    summary: "shrink --seed N --out DIR   a seed that shows a fault as a scenario folder",
    load: () => import("./swarm/shrink-command.ts"),
  },
};

const [verb, ...args] = process.argv.slice(2);
const known = verb === undefined ? undefined : VERBS[verb];
if (verb === "--version") process.stdout.write(`discovery-sim ${packageJson.version}\n`);
else if (known === undefined) {
  const asked = verb === undefined || verb === "--help" || verb === "-h";
  const out = asked ? process.stdout : process.stderr;
  if (!asked) out.write(`discovery-sim: there is no verb ${verb}\n`);
  out.write(
    `Usage: discovery-sim VERB … | --version\n\n${Object.values(VERBS)
      .map(({ summary }) => `  ${summary}\n`)
      .join("")}`,
  );
  process.exitCode = asked ? 0 : 2;
} else {
  process.exitCode = await (await known.load()).main(args);
}
