/** The report's plots, as options of the plotting library, drawn to SVG without a browser. */
import { init } from "echarts";
import type { EvaluationOptions } from "../evaluation/options.ts";
import type { Report } from "../evaluation/report.ts";
import type { Phase } from "../evaluation/truth.ts";

export interface Plot {
  readonly title: string;
  readonly about: string;
  readonly svg: string;
}

type Option = Parameters<ReturnType<typeof init>["setOption"]>[0];

const WIDTH = 920;
const HEIGHT = 420;
const PHASES: readonly Phase[] = ["detect", "wait", "build", "compute", "apply"];
const COLOURS = ["#2f6690", "#c8553d", "#4f772d", "#8d6a9f", "#d4a017", "#3a7d7c", "#7f5539", "#9a031e"];

/** The runs of the plain workload, by algorithm, from the smallest on. */
export function bySize(
  reports: readonly Report[],
  algorithm: EvaluationOptions["algorithm"],
): readonly Report[] {
  return reports
    .filter(({ options }) => options.algorithm === algorithm && isPlain(options))
    .sort((a, b) => a.options.hosts - b.options.hosts);
}

export function isPlain({ sites, load, faults, membership, algorithm }: EvaluationOptions): boolean {
  const calm = Object.values(faults).every((value) => value === 0);
  return (
    sites === 1 && load.mean === 60 && calm && (membership === "modelled" || algorithm === "centralised")
  );
}

export function violationsBySize(reports: readonly Report[]): Plot {
  const sizes = sizesOf(reports);
  const lines = (["partition", "centralised"] as const).flatMap((algorithm) => {
    const runs = new Map(bySize(reports, algorithm).map((report) => [report.options.hosts, report]));
    if (runs.size === 0) return [];
    const at = (figure: "mean" | "p50" | "p99") =>
      sizes.map((size) => runs.get(size)?.violations.handled[figure] ?? null);
    return (["mean", "p50", "p99"] as const).map((figure) => ({
      name: `${algorithm}, ${figure}`,
      type: "line" as const,
      data: at(figure),
      lineStyle: { type: STROKES[figure] },
      color: algorithm === "partition" ? COLOURS[0] : COLOURS[1],
    }));
  });
  return {
    title: "Violation time against size",
    about: "Seconds from the instant a host's guests want more than it has to the instant they no longer do.",
    svg: drawn({
      ...axes({ type: "category", data: sizes.map(String), name: "hosts" }, "seconds"),
      series: lines,
    }),
  };
}

const STROKES = { mean: "solid", p50: "dashed", p99: "dotted" } as const;

export function partsBySize(reports: readonly Report[]): Plot {
  const runs = bySize(reports, "partition");
  return {
    title: "What the time goes into",
    about: "Mean seconds of each part of a violation that a partition ended.",
    svg: drawn({
      ...axes(
        { type: "category", data: runs.map(({ options }) => String(options.hosts)), name: "hosts" },
        "seconds",
      ),
      series: PHASES.map((phase) => ({
        name: phase,
        type: "bar" as const,
        stack: "parts",
        data: runs.map(({ violations }) => violations.parts[phase].mean),
      })),
    }),
  };
}

export function distributions(reports: readonly Report[]): Plot {
  const runs = [...bySize(reports, "partition"), ...bySize(reports, "centralised")];
  return {
    title: "Distribution of violation times",
    about: "The share of violations that were over by then.",
    svg: drawn({
      ...axes({ type: "value", name: "seconds" }, "%"),
      series: runs.map(({ options, violations }) => ({
        name: `${options.algorithm}, ${options.hosts}`,
        type: "line" as const,
        showSymbol: false,
        data: violations.distribution.map((seconds, percent) => [seconds, percent]),
        lineStyle: { type: options.algorithm === "partition" ? ("solid" as const) : ("dashed" as const) },
      })),
    }),
  };
}

/** One event: who did what when; its beginning, which takes a second, once more on its own. */
export function timelines({ story, options }: Report): readonly Plot[] {
  const from = story[0]?.at ?? 0;
  const points = story.map(({ at, host }, i) => ({ at: (at - from) / 1000, host, number: i + 1 }));
  const planned = story.findIndex(({ what }) => what.includes(" plans ("));
  const about = `Taken from the run with ${options.hosts} hosts; the numbers are those of the list below.`;
  const whole = { title: "One event from its onset to its last migration", about, svg: timeline(points) };
  if (planned < 0) return [whole];
  const beginning = points.slice(0, planned + 1);
  return [whole, { title: "The same event until there is a plan", about, svg: timeline(beginning) }];
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
    grid: { left: 60, right: 60, top: 20, bottom: 50 },
    xAxis: { type: "value", name: "s" },
    yAxis: { type: "value", name: "line", inverse: true, min: 0, max: points.length + 1 },
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

/** Which of the first hosts were held by a partition when. */
export function partitionMap({ map, options }: Report): Plot {
  const data = map.flatMap(({ from, to, hosts }, partition) =>
    hosts.map((host) => [from, to, host, partition]),
  );
  return {
    title: "Partitions over time",
    about: `Each colour is a partition, each line one of the first hosts of ${options.hosts}: held from the first message to the last.`,
    svg: drawn({
      grid: { left: 60, right: 30, top: 20, bottom: 50 },
      xAxis: { type: "value", name: "s", min: "dataMin", max: "dataMax" },
      yAxis: { type: "value", name: "host" },
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

function sizesOf(reports: readonly Report[]): readonly number[] {
  const plain = reports.filter(({ options }) => isPlain(options));
  return [...new Set(plain.map(({ options }) => options.hosts))].sort((a, b) => a - b);
}

function axes(x: object, unit: string): Option {
  return {
    color: COLOURS,
    grid: { left: 60, right: 60, top: 70, bottom: 50 },
    legend: { top: 0, type: "plain" },
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
