import { describe, expect, test } from "vitest";
import { AgentCounters } from "../../../../src/adapters/metrics/agent-counters.ts";
import { MetricsEndpoint } from "../../../../src/adapters/metrics/endpoint.ts";
import { MetricsRegistry } from "../../../../src/adapters/metrics/registry.ts";
import type { Notification } from "../../../../src/agent/notifications.ts";

const linesOf = (registry: MetricsRegistry) =>
  registry
    .render()
    .split("\n")
    .filter((line) => !line.startsWith("#") && line !== "");

describe("Prometheus' text", () => {
  test("has help and type before the values, and a line's end after the last", () => {
    const registry = new MetricsRegistry();
    registry.counter("a_total", "What a is.").add({ kind: 'x"y\\z\n' });
    registry.gauge("b", "What b is.", () => 1.5);
    expect(registry.render()).toBe(
      '# HELP a_total What a is.\n# TYPE a_total counter\na_total{kind="x\\"y\\\\z\\n"} 1\n' +
        "# HELP b What b is.\n# TYPE b gauge\nb 1.5\n",
    );
  });

  test("of a histogram counts what is at most each bound, and everything", () => {
    const registry = new MetricsRegistry();
    const histogram = registry.histogram("h_seconds", "What h is.", [0.1, 1]);
    for (const value of [0.1, 0.2, 5]) histogram.observe(value, { part: "build" });
    expect(linesOf(registry)).toEqual([
      'h_seconds_bucket{part="build",le="0.1"} 1',
      'h_seconds_bucket{part="build",le="1"} 2',
      'h_seconds_bucket{part="build",le="+Inf"} 3',
      `h_seconds_sum{part="build"} ${0.1 + 0.2 + 5}`,
      'h_seconds_count{part="build"} 3',
    ]);
  });

  test("stays bounded, whatever labels come", () => {
    const registry = new MetricsRegistry();
    const counter = registry.counter("a_total", "What a is.");
    for (let n = 0; n < 1000; n++) counter.add({ name: String(n) });
    expect(linesOf(registry)).toHaveLength(100);
  });
});

const action = {
  key: "k",
  action: "migrate",
  vm: "v",
  name: "shop.web",
  from: "a",
  to: "b",
  event: "e",
  reason: "overload",
} as const;
const migrated: Notification = {
  kind: "action-ended",
  ...action,
  role: "source",
  outcome: { kind: "done", durationMs: 2000 },
};

test("an agent's doings are counted by kind and outcome", () => {
  const registry = new MetricsRegistry();
  const counters = new AgentCounters(registry);
  const times = { waitMs: 0, buildMs: 40, computeMs: 30, applyMs: 2100 };
  const outcome = { kind: "solved", migrations: 1 } as const;
  counters.count({ kind: "action-started", ...action });
  expect(linesOf(registry)).toContain("discovery_migrations_inflight 1");
  counters.count(migrated);
  counters.count({ kind: "partition-ended", pid: "p", outcome, hosts: ["a", "b"], times, messages: 8 });
  const lines = linesOf(registry);
  expect(lines).toContain("discovery_migrations_inflight 0");
  expect(lines).toContain('discovery_migrations_total{result="done"} 1');
  expect(lines).toContain("discovery_migration_duration_seconds_sum 2");
  expect(lines).toContain('discovery_scheduler_decisions_total{outcome="solved"} 1');
  expect(lines).toContain('discovery_scheduler_duration_seconds_sum{part="build"} 0.04');
  expect(lines).toContain('discovery_scheduler_partition_hosts_bucket{le="2"} 1');
});

test("the endpoint gives the text at one path, and says where it cannot listen", async () => {
  const endpoint = await MetricsEndpoint.listen("127.0.0.1", 0, () => "x 1\n");
  const base = `http://127.0.0.1:${endpoint.port}`;
  const answer = await fetch(`${base}/metrics`);
  expect(answer.headers.get("content-type")).toMatch(/^text\/plain; version=0.0.4/);
  expect(await answer.text()).toBe("x 1\n");
  expect((await fetch(`${base}/v1/status`)).status).toBe(404);
  const taken = MetricsEndpoint.listen("127.0.0.1", endpoint.port, () => "");
  await expect(taken).rejects.toMatchObject({ failure: { code: "conflict" } });
  await endpoint.close();
});
