import { defineConfig } from "vitest/config";

/** One project per kind of test; `scripts/test` runs them in this order, each within its budget. */
const project = (name: string, testTimeout: number) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout,
    hookTimeout: testTimeout,
    pool: "forks" as const,
  },
});

export default defineConfig({
  test: {
    projects: [
      project("unit", 10_000),
      project("architecture", 60_000),
      project("property", 120_000),
      project("simulation", 120_000),
      { test: { ...project("model-check", 120_000).test, fileParallelism: false, maxWorkers: 1 } },
      project("contract", 60_000),
      project("integration", 60_000),
      { test: { ...project("e2e", 180_000).test, fileParallelism: false, maxWorkers: 1 } },
    ],
  },
});
