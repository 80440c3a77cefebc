/** One HTML file for people: plots as SVG, tables, nothing that is loaded from elsewhere. */
import type { Report } from "../evaluation/report.ts";
import { distributions, type Plot, partitionMap, partsOfTime, timelines, violationsBySize } from "./plots.ts";
import { COLUMNS } from "./rows.ts";
import { type Compared, compared, type Run, runsOf } from "./runs.ts";

const STYLE = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
figure { margin: 2rem 0; } figcaption, .note { color: #555; } figure svg { max-width: 100%; height: auto; }
.wide { overflow-x: auto; border: 1px solid #ddd; } table { border-collapse: collapse; font-size: 0.8rem; }
@media (min-width: 64rem) { .wide { width: calc(100vw - 4rem); margin-left: calc(50% - 50vw + 2rem); } }
@media print { .wide { width: auto; margin: 0; overflow: visible; } table { font-size: 0.4rem; } }
th, td { padding: 0.2rem 0.5rem; text-align: right; border-bottom: 1px solid #ddd; vertical-align: bottom; }
td { white-space: nowrap; } th:nth-child(2), td:nth-child(2), td:nth-child(3) { text-align: left; }
td:nth-child(2) { white-space: normal; min-width: 9rem; max-width: 16rem; }
th:first-child, td:first-child { position: sticky; left: 0; background: #fff; }
.legend { display: flex; flex-wrap: wrap; gap: 0.2rem 1.2rem; margin: 0; padding: 0; list-style: none; font-size: 0.85rem; }
.legend i { display: inline-block; width: 1.6rem; margin-right: 0.4rem; vertical-align: middle; }
dt { font-weight: 600; } dd { margin: 0 0 0.4rem 1.5rem; } summary { cursor: pointer; }
`;

export function page(reports: readonly Report[]): string {
  const { runs, common } = runsOf(reports);
  const classes = compared(runs);
  const figures = [
    figure(violationsBySize(classes)),
    figure(partsOfTime(runs)),
    figure(distributions(runs, classes)),
    ...oneEvent(runs, classes),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>DISCOVERY: the simulator's evaluation</title>
<style>${STYLE}</style>
</head>
<body>
<h1>The simulator's evaluation</h1>
<p>${escaped(intro(reports, common))}</p>
${table(runs)}
${columns()}
${figures.join("\n")}
</body>
</html>
`;
}

function intro(reports: readonly Report[], common: readonly string[]): string {
  const seeds = [...new Set(reports.map(({ options }) => options.seed))].join(", ");
  const modelled = reports.some(({ options }) => options.membership === "modelled");
  return [
    `${reports.length === 1 ? "A run" : `${reports.length} runs`} of the VMPlaceS workload in virtual time, seed ${seeds}.`,
    ...(common.length > 0 ? [`All of them: ${common.join("; ")}.`] : []),
    ...(modelled ? ["Where membership is modelled, heartbeats were counted and not sent."] : []),
    "Numbers with # are rows of the table.",
  ].join(" ");
}

function table(runs: readonly Run[]): string {
  const titles = ["#", ...COLUMNS.map(({ title }) => title)];
  const heads = titles.map((title) => `<th>${escaped(title)}</th>`).join("");
  const rows = runs.map(({ number, report, label }) => {
    const name = `${label}${report.complete ? "" : " (partial)"}`;
    const [, ...cells] = COLUMNS.map(({ cell }) => cell(report));
    const all = [`#${number}`, name, ...cells].map((cell) => `<td>${escaped(cell)}</td>`);
    return `<tr>${all.join("")}</tr>`;
  });
  return `<div class="wide"><table><thead><tr>${heads}</tr></thead><tbody>${rows.join("\n")}</tbody></table></div>`;
}

/** What is most often asked stands there, the rest on demand. */
function columns(): string {
  const violations = COLUMNS.find(({ title }) => title === "violations");
  const all = COLUMNS.map(({ title, about }) => `<dt>${escaped(title)}</dt><dd>${escaped(about)}</dd>`);
  return [
    `<p class="note"><b>Violations:</b> ${escaped(violations?.about ?? "")}</p>`,
    `<details><summary>What every column says</summary><dl>${all.join("\n")}</dl></details>`,
  ].join("\n");
}

/** Of a run that is compared, if one has it to tell. */
function oneEvent(runs: readonly Run[], { alike }: Compared): readonly string[] {
  const candidates = [...alike, ...runs].filter(({ report }) => report.options.algorithm === "partition");
  const told = candidates.find(({ report }) => report.story.length > 0);
  const mapped = candidates.find(({ report }) => report.map.length > 0);
  return [
    ...(told === undefined
      ? [note("One event", "No run has an event of a partition to tell.")]
      : [...timelines(told).map(figure), storyOf(told.report)]),
    mapped === undefined
      ? note("Partitions over time", "No run had partitions.")
      : figure(partitionMap(mapped)),
  ];
}

function figure({ title, about, legend, svg }: Plot): string {
  if (svg === null) return note(title, `Nothing to show. ${about}`);
  const entries = legend.map(({ text, colour, stroke }) => {
    const line = stroke === undefined ? `0.8rem solid ${colour}` : `3px ${stroke} ${colour}`;
    return `<li><i style="border-top: ${line}"></i>${escaped(text)}</li>`;
  });
  const list = entries.length === 0 ? "" : `<ul class="legend">${entries.join("")}</ul>`;
  return `<figure><h2>${escaped(title)}</h2>${list}${svg}<figcaption>${escaped(about)}</figcaption></figure>`;
}

function note(title: string, text: string): string {
  return `<h2>${escaped(title)}</h2><p class="note">${escaped(text)}</p>`;
}

function storyOf({ story }: Report): string {
  const from = story[0]?.at ?? 0;
  const items = story.map(({ at, host, what }) => {
    const time = ((at - from) / 1000).toFixed(3);
    return `<li>${time} s, ${escaped(host)}: ${escaped(what)}</li>`;
  });
  return `<ol>${items.join("\n")}</ol>`;
}

function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
