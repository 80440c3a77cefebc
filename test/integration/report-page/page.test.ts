import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import { Evaluation } from "../../../src/simulator/evaluation/evaluation.ts";
import { type EvaluationOptions, VMPLACES } from "../../../src/simulator/evaluation/options.ts";
import { page } from "../../../src/simulator/report/page.ts";

const BROWSER = "chromium";
const browser = spawnSync(BROWSER, ["--version"], { encoding: "utf8" }).status === 0;
const folder = mkdtempSync(join(tmpdir(), "report-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What the browser says of the page once it has laid it out. */
interface Seen {
  readonly figures: readonly { readonly title: string; readonly width: number; readonly height: number }[];
  readonly texts: number;
  readonly marks: number;
  readonly loaded: number;
  readonly rows: number;
  readonly table: { readonly left: number; readonly right: number; readonly cut: boolean };
  /** Entries of legends that lie over one another. */
  readonly overlaps: number;
  readonly captions: readonly string[];
  readonly width: number;
}

const LOOK = `<script>
addEventListener("load", () => {
  const box = (svg) => svg.getBoundingClientRect();
  const visible = (node) => { const { width, height } = box(node); return width > 0 && height > 0; };
  const over = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  const entries = [...document.querySelectorAll(".legend li")].map(box);
  const wide = document.querySelector(".wide");
  const { left, right } = box(wide);
  const seen = {
    table: { left, right, cut: wide.scrollWidth > wide.clientWidth && getComputedStyle(wide).overflowX !== "auto" },
    overlaps: entries.filter((entry, i) => entries.slice(i + 1).some((other) => over(entry, other))).length,
    captions: [...document.querySelectorAll("figcaption")].map((caption) => caption.textContent),
    width: document.documentElement.scrollWidth,
    figures: [...document.querySelectorAll("figure")].map((figure) => {
      const { width, height } = box(figure.querySelector("svg"));
      return { title: figure.querySelector("h2").textContent, width, height };
    }),
    texts: [...document.querySelectorAll("svg text")].filter(visible).length,
    marks: [...document.querySelectorAll("svg path")].filter(visible).length,
    loaded: performance.getEntriesByType("resource").length,
    rows: document.querySelectorAll("tbody tr").length,
  };
  document.body.innerHTML = "<pre id=seen></pre>";
  document.querySelector("#seen").textContent = JSON.stringify(seen);
});
</script>`;

function evaluated(options: EvaluationOptions) {
  const evaluation = new Evaluation(options);
  evaluation.start();
  while (!evaluation.over) evaluation.advance(10_000);
  return evaluation.report();
}

async function seenIn(html: string): Promise<Seen> {
  const file = join(folder, "report.html");
  writeFileSync(file, html.replace("</body>", `${LOOK}</body>`));
  const args = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--dump-dom",
    `--user-data-dir=${folder}/profile`,
  ];
  const { stdout } = await promisify(execFile)(BROWSER, [...args, `file://${file}`], {
    maxBuffer: 2 ** 26,
    timeout: 50_000,
  });
  const text = /<pre id="seen">([^<]*)<\/pre>/.exec(stdout)?.[1] ?? "";
  return JSON.parse(text.replaceAll("&amp;", "&")) as Seen;
}

describe("the page of a report in a browser", () => {
  test("shows every plot, and loads nothing from elsewhere", async (context) => {
    if (!browser) return context.skip(`${BROWSER} is not installed: see scripts/install-browser`);
    const options = { ...VMPLACES, hosts: 24, vms: 240, durationMs: 900_000 };
    const reports = [
      evaluated(options),
      evaluated({ ...options, algorithm: "centralised", membership: "none" }),
    ];
    const seen = await seenIn(page(reports));
    expect(seen.figures.map(({ title }) => title)).toEqual([
      "Violation time against size",
      "What the time goes into",
      "Distribution of violation times",
      "One event from its onset to its last migration",
      "The same event until there is a plan",
      "Partitions over time",
    ]);
    for (const { width, height } of seen.figures) {
      expect(width).toBeGreaterThan(400);
      expect(height).toBeGreaterThan(200);
    }
    expect(seen.texts).toBeGreaterThan(50);
    expect(seen.marks).toBeGreaterThan(50);
    expect(seen.rows).toBe(2);
    expect(seen.overlaps).toBe(0);
    expect(seen.table.cut).toBe(false);
    expect(seen.table.left).toBeGreaterThanOrEqual(0);
    expect(seen.table.right).toBeLessThanOrEqual(seen.width);
    expect(seen.captions.at(-1)).toMatch(/The whole run, 0 to \d+ s, of #1 partition, 24 hosts, modelled/);
    expect(seen.captions[0]).toContain("Shown: #1, #2. Membership: modelled (#1), none (#2).");
    expect(seen.loaded).toBe(0);
  });
});
