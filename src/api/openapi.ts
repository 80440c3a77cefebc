/** The OpenAPI 3.1 document and the reference page, both made of the routes and the schemas. */
import { z } from "zod";
import { ERROR_CODES } from "../lib/error.ts";
import { EXAMPLE } from "./envelope.ts";
import { EVENTS_PATH, OPENAPI_PATH, parametersOf, ROUTES, type Route, type RouteId } from "./routes.ts";
import { answerSchemas, errorSchema, metaSchema, requestSchemas } from "./schemas.ts";

interface Json {
  readonly [key: string]: unknown;
}

/** The part of a JSON Schema that is read here. */
interface Described extends Json {
  readonly properties?: { readonly [key: string]: { readonly description?: string; readonly type?: string } };
  readonly required?: readonly string[];
}

const routes = Object.entries(ROUTES) as [RouteId, Route][];

export function openApi(version: string): Json {
  const paths: { [path: string]: { [method: string]: Json } } = {};
  for (const [id, route] of routes) {
    paths[route.path] ??= {};
    const at = paths[route.path];
    if (at !== undefined) at[route.method.toLowerCase()] = operation(id, route);
  }
  const streams = { [EVENTS_PATH]: { get: eventsOperation() }, [OPENAPI_PATH]: { get: documentOperation() } };
  return {
    openapi: "3.1.0",
    info: {
      title: "DISCOVERY control API",
      version,
      description:
        "HTTP over the agent's Unix sockets: admin.sock (everything) and read.sock (routes marked read).",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "http://localhost" }],
    paths: { ...paths, ...streams },
    components: { schemas: componentSchemas() },
  };
}

function componentSchemas(): Json {
  const schemas = Object.entries(answerSchemas).map(([kind, schema]) => [kind, schemaOf(schema)] as const);
  return { ...Object.fromEntries(schemas), Meta: schemaOf(metaSchema), Error: schemaOf(errorSchema) };
}

function schemaOf(schema: z.ZodType): Described {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: "input" });
  return rest as Described;
}

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const content = (schema: Json) => ({ "application/json": { schema } });

function operation(id: RouteId, route: Route): Json {
  return {
    operationId: id,
    summary: route.summary,
    "x-access": route.access,
    parameters: [...pathParameters(id, route), ...queryParameters(id, route)],
    ...requestBody(id, route),
    responses: {
      "200": { description: "Done.", content: content(answer(route)) },
      default: { description: "An error of the catalogue.", content: content(ref("Error")) },
    },
  };
}

function answer({ answer: form, kind }: Route): Json {
  const value = form === "list" ? { items: { type: "array", items: ref(kind) } } : { item: ref(kind) };
  return {
    type: "object",
    required: ["apiVersion", "kind", form === "list" ? "items" : "item", "meta"],
    properties: {
      apiVersion: { const: "discovery/v1" },
      kind: { type: "string" },
      ...value,
      meta: ref("Meta"),
    },
  };
}

function pathParameters(id: RouteId, { path }: Route): Json[] {
  const { properties = {} } = schemaOf(requestSchemas[id]);
  return parametersOf(path).map((name) => ({
    name,
    in: "path",
    required: true,
    schema: properties[name] ?? {},
  }));
}

/** The fields that are in no path. */
function otherFields(id: RouteId, { path }: Route): Described {
  const { properties = {}, required = [], ...rest } = schemaOf(requestSchemas[id]);
  const inPath = parametersOf(path);
  const others = Object.entries(properties).filter(([name]) => !inPath.includes(name));
  return {
    ...rest,
    properties: Object.fromEntries(others),
    required: required.filter((name) => !inPath.includes(name)),
  };
}

function queryParameters(id: RouteId, route: Route): Json[] {
  if (route.method !== "GET" && route.method !== "DELETE") return [];
  const { properties = {}, required = [] } = otherFields(id, route);
  return Object.entries(properties).map(([name, schema]) => {
    return { name, in: "query", required: required.includes(name), schema };
  });
}

function requestBody(id: RouteId, route: Route): Json {
  if (route.method === "GET" || route.method === "DELETE") return {};
  const schema = otherFields(id, route);
  return { requestBody: { required: (schema.required ?? []).length > 0, content: content(schema) } };
}

function eventsOperation(): Json {
  return {
    operationId: "events",
    summary: "What happens on this host, as lines of JSON: first what is still kept, then as it happens.",
    "x-access": "read",
    parameters: [
      {
        name: "since",
        in: "query",
        schema: { type: "string" },
        description: "A sequence number, or an RFC 3339 time; absent: only what is new.",
      },
      { name: "follow", in: "query", schema: { type: "boolean", default: true } },
    ],
    responses: { "200": { description: "A stream.", content: { "application/x-ndjson": {} } } },
  };
}

function documentOperation(): Json {
  return {
    operationId: "openapi",
    summary: "This document.",
    "x-access": "read",
    responses: { "200": { description: "OpenAPI 3.1.", content: content({ type: "object" }) } },
  };
}

export function apiPage(): string {
  const rows = routes.map(([id, { method, path, access, kind, answer: form, summary }]) => {
    const what = form === "list" ? `${kind}[]` : kind;
    return `| \`${method} ${path}\` | ${access} | ${fields(id, path)} | ${what} | ${summary} |`;
  });
  const errors = Object.entries(ERROR_CODES).map(
    ([code, { http, exit }]) => `| \`${code}\` | ${http} | ${exit} |`,
  );
  return [...PREFACE, ...rows, ...STREAMS, ...errors, ""].join("\n");
}

function fields(id: RouteId, path: string): string {
  const { properties = {}, required = [] } = schemaOf(requestSchemas[id]);
  const names = Object.keys(properties).filter((name) => !parametersOf(path).includes(name));
  return names.map((name) => `\`${name}\`${required.includes(name) ? "" : "?"}`).join(", ");
}

const PREFACE = [
  "<!-- Generated by scripts/docs.ts: do not edit. -->",
  "# Control API",
  "",
  "HTTP and JSON over two Unix sockets in `/run/discovery`: `admin.sock` takes everything, `read.sock` the routes",
  "marked *read*. The machine-readable form is `GET /v1/openapi.json`.",
  "",
  "```sh",
  "curl --unix-socket /run/discovery/read.sock http://localhost/v1/status",
  "curl --unix-socket /run/discovery/admin.sock http://localhost/v1/ves \\",
  "  -H 'content-type: application/yaml' --data-binary @shop.yaml",
  "```",
  "",
  "Every answer has the form",
  "",
  ...EXAMPLE,
  "",
  "with `item` instead of `items` for one thing. Ages (`…AgoMs`) have a time (`…At`, RFC 3339) beside them. CPU is in",
  "thousandths of a core, memory in MiB, durations in milliseconds.",
  "",
  "## Routes",
  "",
  "Fields in braces are in the path; the others are query parameters of GET and DELETE, and the JSON body of the rest.",
  "",
  "| route | socket | fields | answer | what it does |",
  "|---|---|---|---|---|",
];

const STREAMS = [
  "",
  "## Events",
  "",
  "`GET /v1/events?since=&follow=` is a stream of JSON lines. `kind` is `Event` (with `sequence`, `time`, `event` and the",
  "event's own fields), `Missed` (older ones are no longer kept), `Heartbeat` (nothing has happened for a while) or",
  "`Dropped`: the last line, when the listener was too slow or the agent stops. `since` is a sequence number or a time;",
  "without it only new events are sent. `follow=false` ends after what is kept. An agent tells what happens on its own",
  "host: who wants all of them listens to every agent.",
  "",
  "## Errors",
  "",
  '`{ "error": { "code", "message", "reason", "hint", "changed" } }`: what failed, why, what next, and whether anything',
  "had been changed. Codes never change their meaning.",
  "",
  "| code | HTTP status | exit code of discoveryctl |",
  "|---|---|---|",
];
