/** What a client sent with its request: bounded, JSON, or a manifest as the YAML it is. */
import type { IncomingMessage } from "node:http";
import { refusal } from "../../api/execute.ts";
import { readManifest } from "../../api/manifest.ts";
import { type Failure, fail, ok, type Result } from "../../lib/error.ts";

const BODY_BYTES = 1 << 20;
const YAML = ["application/yaml", "application/x-yaml", "text/yaml"];

export interface Fields {
  readonly [field: string]: unknown;
}

/** A refusal that HTTP has a status of its own for. */
export interface Refused {
  readonly status: number | null;
  readonly failure: Failure;
}

export type Body = { readonly ok: true; readonly value: Fields } | ({ readonly ok: false } & Refused);

/** @throws Error when the client went away. */
export async function readBody(request: IncomingMessage): Promise<Body> {
  const text = await readText(request);
  if (text === null) return refused(413, `it is longer than ${BODY_BYTES} bytes`);
  if (text === "") return { ok: true, value: {} };
  const type = (request.headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
  const read = YAML.includes(type) ? readYaml(text) : type === "application/json" ? readJson(text) : null;
  if (read === null) return refused(415, `its content type is ${type || "not said"}: JSON is read, and YAML`);
  return read.ok ? read : { ok: false, status: null, failure: read.failure };
}

function refused(status: number, reason: string): Body {
  return { ok: false, status, failure: { code: "invalid", message: "the request is refused", reason } };
}

/** Null when it is too long; what is left of it is read and dropped, so that the client gets to read the answer. */
async function readText(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= BODY_BYTES) chunks.push(chunk);
    else chunks.length = 0;
  }
  return length > BODY_BYTES ? null : Buffer.concat(chunks).toString("utf8");
}

function readJson(text: string): Result<Fields> {
  try {
    const value: unknown = JSON.parse(text, refusePrototype);
    return ok(typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {});
  } catch (error) {
    return fail({ code: "invalid", message: "the request is refused", reason: (error as Error).message });
  }
}

/** No field of ours is called so, and copied carelessly it would be more than a field. */
function refusePrototype(key: string, value: unknown): unknown {
  if (key === "__proto__") throw new SyntaxError("a field cannot be called __proto__");
  return value;
}

function readYaml(text: string): Result<Fields> {
  const manifest = readManifest(text, "manifest");
  if (!manifest.ok) return fail(refusal("the manifest is refused", manifest.problems));
  return ok({ manifest: manifest.value.document });
}
