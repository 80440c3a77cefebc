/** One HTML file for people: plots as SVG, tables, nothing that is loaded from elsewhere. */
import type { Report } from "../evaluation/report.ts";
import {
  bySize,
  distributions,
  type Plot,
  partitionMap,
  partsBySize,
  timelines,
  violationsBySize,
} from "./plots.ts";
import { rowOf, TITLES } from "./rows.ts";

const STYLE = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
figure { margin: 2rem 0; } figcaption { color: #555; } svg { max-width: 100%; height: auto; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: 0.8rem; white-space: nowrap; }
th, td { padding: 0.2rem 0.6rem; text-align: right; border-bottom: 1px solid #ddd; } th:first-child, td:first-child { text-align: left; }
`;

export function page(reports: readonly Report[]): string {
  const partition = bySize(reports, "partition");
  const shown =
    partition.find(({ story }) => story.length > 0) ?? reports.find(({ story }) => story.length > 0);
  const mapped = partition.find(({ map }) => map.length > 0);
  const figures = [
    figure(violationsBySize(reports)),
    ...(partition.length > 0 ? [figure(partsBySize(reports))] : []),
    figure(distributions(reports)),
    ...(shown === undefined ? [] : [...timelines(shown).map(figure), storyOf(shown)]),
    ...(mapped === undefined ? [] : [figure(partitionMap(mapped))]),
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
<p>${escaped(intro(reports))}</p>
${table(reports)}
${figures.join("\n")}
</body>
</html>
`;
}

function intro(reports: readonly Report[]): string {
  const seeds = [...new Set(reports.map(({ options }) => options.seed))].join(", ");
  const modelled = reports.some(({ options }) => options.membership === "modelled");
  const membership = modelled ? " Where membership is modelled, heartbeats were counted and not sent." : "";
  return `${reports.length} runs of the VMPlaceS workload in virtual time, seed ${seeds}.${membership}`;
}

function table(reports: readonly Report[]): string {
  const heads = TITLES.map((title) => `<th>${escaped(title)}</th>`).join("");
  const rows = reports.map((report) => {
    const cells = rowOf(report).map((cell) => `<td>${escaped(cell)}</td>`);
    return `<tr>${cells.join("")}</tr>`;
  });
  return `<div class="wide"><table><thead><tr>${heads}</tr></thead><tbody>${rows.join("\n")}</tbody></table></div>`;
}

function figure({ title, about, svg }: Plot): string {
  return `<figure><h2>${escaped(title)}</h2>${svg}<figcaption>${escaped(about)}</figcaption></figure>`;
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
