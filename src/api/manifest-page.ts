/** The reference page of the manifest, from its schema. */
import { z } from "zod";
import { manifestSchema } from "./manifest.ts";
import { NOT_YET } from "./not-yet.ts";

/** The part of a JSON Schema that is read here. */
interface Described {
  readonly description?: string;
  readonly default?: unknown;
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: { readonly [key: string]: Described };
  readonly required?: readonly string[];
  readonly items?: Described;
  readonly "x-kind"?: string;
  readonly "x-range"?: string;
}

const EXAMPLE = `apiVersion: discovery/v1
kind: VirtualEnvironment
metadata:
  name: shop
  labels: { team: web }
spec:
  desired: running
  priority: 50
  vms:
    - name: web
      count: 3                       # web-0, web-1, web-2
      cpus: 2
      memory: 2GiB
      disks: [{ path: /srv/shared/web.qcow2, format: qcow2, readOnly: true }]
      nics: [{ network: default }]
    - name: db
      cpus: 4
      memory: 8GiB
      domain: { fromFile: db.xml }   # a whole libvirt domain, beside this file
  placement:
    require: { disk: ssd }           # only hosts with this label
    rules:
      - { kind: apart, vms: [web] }  # never two of them on one host
  balancing: { mode: auto }
  migration: { bandwidthMibPerSecond: 200, timeout: 5m }
  drain: { action: live }
`;

export function manifestPage(): string {
  return `# The manifest of a virtual environment

<!-- Made by scripts/docs.ts from src/api/manifest.ts. -->

A VE is a named group of VMs, declared in YAML: \`discoveryctl ve apply -f shop.yaml\`; \`ve plan -f\` says what an apply
would do, \`ve export NAME\` writes the manifest of one that is there. A field that is not known is refused with the
nearest one; a field that comes later is refused as *not available yet*.

\`\`\`yaml
${EXAMPLE.trimEnd()}
\`\`\`

## Fields

${table(["field", "value", "default", "meaning"], rows(z.toJSONSchema(manifestSchema, { io: "input" }) as Described, "", true))}

## Not available yet

${table(
  ["field", "meanwhile"],
  Object.entries(NOT_YET).map(([field, instead]) => [code(field.replaceAll(".*", "[]")), instead]),
)}
`;
}

function rows(at: Described, path: string, required: boolean): string[][] {
  const inner = Object.entries(at.properties ?? {});
  const own =
    path === "" || (inner.length > 0 && at.description === undefined) ? [] : [row(at, path, required)];
  const within = inner.flatMap(([key, field]) =>
    rows(field, path === "" ? key : `${path}.${key}`, at.required?.includes(key) === true),
  );
  const items = at.items?.properties === undefined ? [] : rows(at.items, `${path}[]`, false);
  return [...own, ...within, ...items];
}

function row(at: Described, path: string, required: boolean): string[] {
  const standard =
    at.default === undefined ? (required ? "required" : "–") : code(JSON.stringify(at.default));
  return [code(path), meant(at), standard, at.description ?? ""];
}

function meant(at: Described): string {
  if (at.const !== undefined) return code(String(at.const));
  if (at.enum !== undefined) return at.enum.map(code).join(" or ");
  const bounds = at.minimum === undefined ? at["x-range"] : `${at.minimum} to ${at.maximum}`;
  const kind = at["x-kind"] ?? at.type ?? "text";
  return bounds === undefined ? kind : `${kind}, ${bounds}`;
}

const code = (text: string): string => `\`${text}\``;

function table(heads: readonly string[], lines: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(heads), line(heads.map(() => "---")), ...lines.map(line)].join("\n");
}
