/** The report's plots, as options of the plotting library, drawn to SVG without a browser. */
import { init } from "echarts";
import { type EvaluationOptions, membershipOf } from "../evaluation/options.ts";
import { MAPPED_HOSTS } from "../evaluation/report.ts";
import type { Phase } from "../evaluation/truth.ts";
import { handled, idleOf, sayLeftOut, sayShown } from "./captions.ts";
import { type Compared, type Run, sayRun } from "./runs.ts";

type Stroke = "solid" | "dashed" | "dotted";

interface LegendEntry {
  readonly text: string;
  readonly colour: string;
  /** Absent: an area. */
  readonly stroke?: Stroke;
}

export interface Plot {
  readonly title: string;
  /** What it shows, of which runs, and why others are not in it. */
  readonly about: string;
  readonly legend: readonly LegendEntry[];
  /** null: no run has anything to show here. */
  readonly svg: string | null;
}

type Option = Parameters<ReturnType<typeof init>["setOption"]>[0];

const WIDTH = 920;
const HEIGHT = 420;
const PHASES: readonly Phase[] = ["detect", "wait", "build", "compute", "apply"];
const COLOURS = [
  "#2f6690",
  "#c8553d",
  "#4f772d",
  "#8d6a9f",
  "#d4a017",
  "#3a7d7c",
  "#7f5539",
  "#9a031e",
  "#5c6b73",
  "#e08fb0",
  "#7fb069",
  "#1d1d5c",
];
/** More lines than that nobody tells apart: then only those that are compared. */
const MOST_LINES = 12;
/** More bars have no room for their names. */
const MOST_NAMED = 8;

const colourOf = (index: number): string => COLOURS[index % COLOURS.length] ?? "#222222";

/** One line for each algorithm, seed and figure: runs that differ in nothing but their size. */
export function violationsBySize({ alike, others }: Compared): Plot {
  const runs = alike.filter((run) => handled(run) > 0);
  const sizes = [...new Set(runs.map(({ report }) => report.options.hosts))];
  const lines = linesBySize(runs);
  const series = lines.map(({ figure, of, colour }) => ({
    type: "line" as const,
    data: sizes.map((size) => {
      const run = of.find(({ report }) => report.options.hosts === size);
      return run?.report.violations.handled[figure] ?? null;
    }),
    connectNulls: true,
    lineStyle: { type: STROKES[figure] },
    color: colour,
  }));
  return {
    title: "Violation time against size",
    about: [
      "Seconds from the instant a host's guests want more than it has to the instant they no longer do; handled ones.",
      sayShown(runs),
      sayLeftOut([...others, ...idleOf(alike)]),
      others.length > 0 ? "Only runs that differ in size, seed and algorithm alone are compared." : "",
    ]
      .filter(Boolean)
      .join(" "),
    legend: lines.map(({ text, colour, figure }) => ({ text, colour, stroke: STROKES[figure] })),
    svg:
      runs.length === 0
        ? null
        : drawn({ ...axes({ type: "category", data: sizes.map(String), name: "hosts" }, "seconds"), series }),
  };
}

const FIGURES = ["mean", "p50", "p99"] as const;
const STROKES = { mean: "solid", p50: "dashed", p99: "dotted" } as const;

function linesBySize(runs: readonly Run[]) {
  const groups = Map.groupBy(runs, ({ report: { options } }) => `${options.algorithm}/${options.seed}`);
  const seeds = new Set(runs.map(({ report }) => report.options.seed)).size > 1;
  return [...groups.values()].flatMap((of, index) => {
    const { algorithm, seed } = of[0]?.report.options ?? { algorithm: "", seed: "" };
    const name = seeds ? `${algorithm}, seed ${seed}` : algorithm;
    return FIGURES.map((figure) => ({ figure, of, colour: colourOf(index), text: `${name}, ${figure}` }));
  });
}

/** A bar for each run, whatever it is: each part is its own. */
export function partsOfTime(all: readonly Run[]): Plot {
  const runs = all.filter((run) => handled(run) > 0);
  const names = runs.map((run) => {
    const { algorithm, hosts } = run.report.options;
    return runs.length > MOST_NAMED ? `#${run.number}` : `#${run.number}\n${algorithm}\n${hosts} hosts`;
  });
  const series = PHASES.map((phase, index) => ({
    type: "bar" as const,
    stack: "parts",
    barMaxWidth: 120,
    color: colourOf(index),
    data: runs.map(({ report }) => report.violations.parts[phase].mean),
  }));
  const x = { type: "category", data: names, name: "run", axisLabel: { interval: 0 } };
  return {
    title: "What the time goes into",
    about: [
      "Mean seconds of each part of a handled violation. The central scheduler's hosts wait to be looked at (detect).",
      sayShown(runs),
      sayLeftOut(idleOf(all)),
    ]
      .filter(Boolean)
      .join(" "),
    legend: PHASES.map((phase, index) => ({ text: phase, colour: colourOf(index) })),
    svg: runs.length === 0 ? null : drawn({ ...axes(x, "seconds", 70), series }),
  };
}

export function distributions(all: readonly Run[], { alike }: Compared): Plot {
  const few = all.length <= MOST_LINES ? all : alike;
  const runs = few.filter((run) => handled(run) > 0).slice(0, MOST_LINES);
  const crowded = all.filter((run) => handled(run) > 0 && !runs.includes(run));
  const strokeOf = ({ algorithm }: EvaluationOptions): Stroke =>
    algorithm === "partition" ? "solid" : "dashed";
  const series = runs.map(({ report }, index) => ({
    type: "line" as const,
    showSymbol: false,
    color: colourOf(index),
    data: report.violations.distribution.map((seconds, percent) => [seconds, percent]),
    lineStyle: { type: strokeOf(report.options) },
  }));
  return {
    title: "Distribution of violation times",
    about: [
      "The share of handled violations that were over by then.",
      sayShown(runs),
      sayLeftOut([
        ...crowded.map((run) => ({ run, why: `more than ${MOST_LINES} lines cannot be told apart` })),
        ...idleOf(all),
      ]),
    ]
      .filter(Boolean)
      .join(" "),
    legend: runs.map((run, index) => ({
      text: sayRun(run),
      colour: colourOf(index),
      stroke: strokeOf(run.report.options),
    })),
    svg: runs.length === 0 ? null : drawn({ ...axes({ type: "value", name: "seconds" }, "%"), series }),
  };
}

/** One event: who did what when; its beginning, which takes a second, once more on its own. */
export function timelines(run: Run): readonly Plot[] {
  const { story } = run.report;
  const from = story[0]?.at ?? 0;
  const points = story.map(({ at, host }, i) => ({ at: (at - from) / 1000, host, number: i + 1 }));
  const planned = story.findIndex(({ what }) => what.includes(" plans ("));
  const membership = membershipOf(run.report.options);
  const about = `Taken from ${sayRun(run)}, ${membership} membership; the numbers are those of the list below.`;
  const title = "One event from its onset to its last migration";
  const whole = { title, about, legend: [], svg: timeline(points) };
  if (planned < 0) return [whole];
  const beginning = timeline(points.slice(0, planned + 1));
  return [whole, { title: "The same event until there is a plan", about, legend: [], svg: beginning }];
}

interface Point {
  readonly at: number;
  readonly host: string;
  readonly number: number;
}

function timeline(points: readonly Point[]): string {
  const hosts = [...new Set(points.map(({ host }) => host))];
  const data = points.map(({ at, number }) => [at, number]);
  const colours = points.map(({ host }) => COLOURS[hosts.indexOf(host) % COLOURS.length]);
  return drawn({
    grid: { left: 60, right: 60, top: 40, bottom: 50 },
    xAxis: { type: "value", name: "s", position: "bottom", axisLine: { onZero: false } },
    yAxis: {
      type: "value",
      name: "line",
      nameLocation: "start",
      inverse: true,
      min: 0,
      max: points.length + 1,
    },
    series: [
      {
        type: "scatter",
        symbolSize: 8,
        data: data.map((value, i) => ({ value, itemStyle: { color: colours[i] } })),
        label: {
          show: true,
          position: "right",
          formatter: ({ dataIndex }: { dataIndex: number }) => labelOf(points, dataIndex),
        },
      },
    ],
  } as Option);
}

function labelOf(points: readonly Point[], index: number): string {
  const point = points[index];
  return point === undefined ? "" : `${point.number} ${point.host}`;
}

/** Which of the first hosts were held by a partition when, over the whole run. */
export function partitionMap(run: Run): Plot {
  const { map, options, simulatedSeconds } = run.report;
  const data = map.flatMap(({ from, to, hosts }, partition) =>
    hosts.map((host) => [from, to, host, partition]),
  );
  const until = Math.ceil(Math.max(simulatedSeconds, ...map.map(({ to }) => to)));
  const lines = Math.min(MAPPED_HOSTS, options.hosts);
  const which = lines < options.hosts ? `one of the first ${lines} of ${options.hosts} hosts` : "a host";
  return {
    title: "Partitions over time",
    about:
      `Each colour is a partition, each line ${which}: held from the first message to the last. The whole run, 0 to ` +
      `${until} s, of ${sayRun(run)}, ${membershipOf(options)} membership: ${map.length} partitions` +
      `${lines < options.hosts ? " that held one of these hosts" : ""}.`,
    legend: [],
    svg: drawn({
      grid: { left: 60, right: 30, top: 40, bottom: 50 },
      xAxis: { type: "value", name: "s", min: 0, max: until },
      yAxis: { type: "value", name: "host", min: 0, max: lines },
      series: [{ type: "custom", data, encode: { x: [0, 1], y: 2 }, renderItem: bar }],
    } as Option),
  };
}

interface Coordinates {
  value(dimension: number): number;
  coord(point: readonly number[]): number[];
}

function bar(_params: unknown, api: Coordinates): unknown {
  const [left = 0, y = 0] = api.coord([api.value(0), api.value(2)]);
  const [right = 0] = api.coord([api.value(1), api.value(2)]);
  const fill = COLOURS[api.value(3) % COLOURS.length];
  return {
    type: "rect",
    shape: { x: left, y: y - 1.5, width: Math.max(1, right - left), height: 3 },
    style: { fill },
  };
}

function axes(x: object, unit: string, bottom = 50): Option {
  return {
    grid: { left: 60, right: 70, top: 40, bottom },
    xAxis: x,
    yAxis: { type: "value", name: unit },
  } as Option;
}

function drawn(option: Option): string {
  const chart = init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height: HEIGHT });
  chart.setOption({ animation: false, ...option });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}
