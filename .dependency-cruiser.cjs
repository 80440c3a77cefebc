/**
 * Who may import what. The house is drawn in ARCHITECTURE.md: dependencies point upward in that tree; `daemon`
 * and `simulator` are the two roots; only adapters and the roots know that Node exists.
 */
const order = ["lib", "model", "solver", "hypervisor", "ports", "dnt", "lrt", "vet", "agent", "driver"];
const pure = order.map((room) => `^src/${room}/`);

const rules = [];
order.forEach((room, i) => {
  const below = [
    ...order.slice(i + 1),
    "wire",
    "api",
    "config",
    "adapters",
    "daemon",
    "client",
    "cli",
    "simulator",
  ];
  rules.push({
    name: `${room}-imports-only-upward`,
    severity: "error",
    from: { path: `^src/${room}/` },
    to: { path: `^src/(${below.join("|")})/` },
  });
});
rules.push(
  {
    name: "trackers-do-not-know-one-another",
    severity: "error",
    from: { path: "^src/(dnt|lrt|vet)/" },
    to: { path: "^src/(dnt|lrt|vet)/", pathNot: "^src/$1/" },
  },
  {
    name: "pure-half-has-no-dependencies",
    severity: "error",
    from: { path: pure },
    to: { dependencyTypes: ["npm", "npm-dev", "npm-optional", "core"] },
  },
  {
    name: "wire-knows-types-only",
    severity: "error",
    from: { path: "^src/wire/" },
    to: { path: "^src/(api|config|adapters|daemon|client|cli|simulator|driver)/" },
  },
  {
    name: "api-stands-alone",
    severity: "error",
    from: { path: "^src/api/" },
    to: { path: "^src/(adapters|daemon|client|cli|simulator|driver|wire)/" },
  },
  {
    name: "adapters-do-not-import-one-another",
    severity: "error",
    from: { path: "^src/adapters/([^/]+)/" },
    to: { path: "^src/adapters/", pathNot: "^src/adapters/$1/" },
  },
  {
    name: "libvirt-client-stands-alone",
    severity: "error",
    from: { path: "^src/adapters/libvirt/(?!hypervisor)" },
    to: { path: "^src/", pathNot: "^src/adapters/libvirt/" },
  },
  {
    name: "adapters-know-no-root",
    severity: "error",
    from: { path: "^src/adapters/" },
    to: { path: "^src/(daemon|client|cli|simulator)/" },
  },
  {
    name: "client-and-cli-talk-through-the-api",
    severity: "error",
    from: { path: "^src/(client|cli)/" },
    to: { path: "^src/(adapters|daemon|agent|driver|dnt|lrt|vet|ports|wire|simulator)/" },
  },
  {
    name: "roots-never-see-each-other",
    severity: "error",
    from: { path: "^src/daemon/" },
    to: { path: "^src/(simulator|cli|client)/" },
  },
  {
    name: "simulator-is-a-root",
    severity: "error",
    from: { path: "^src/simulator/" },
    to: { path: "^src/(daemon|cli|client|adapters)/" },
  },
  {
    name: "no-cycles",
    severity: "error",
    from: {},
    to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
  },
  {
    name: "src-never-imports-tests",
    severity: "error",
    from: { path: "^src/" },
    to: { path: "^(test|scripts)/" },
  },
);

module.exports = {
  forbidden: rules,
  options: {
    doNotFollow: { path: "node_modules" },
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "types", "node"] },
  },
};
