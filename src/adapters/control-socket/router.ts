/** Which route a request is for: patterns like `/v1/hosts/{host}/drain`; of two that fit, the one with fewer parameters. */

export interface Matched<Handler> {
  readonly handler: Handler;
  readonly parameters: { readonly [name: string]: string };
}

interface Entry<Handler> {
  readonly method: string;
  readonly steps: readonly string[];
  readonly handler: Handler;
}

/** A few dozen routes: looking at each is quicker than what a tree would take to load. */
export class Router<Handler> {
  readonly #entries: Entry<Handler>[] = [];

  add(method: string, pattern: string, handler: Handler): void {
    this.#entries.push({ method, steps: stepsOf(pattern), handler });
    this.#entries.sort((a, b) => parametersOf(a.steps).length - parametersOf(b.steps).length);
  }

  /** @returns null when there is no such path, or none with this method. @throws URIError for a malformed escape. */
  find(method: string, path: string): Matched<Handler> | null {
    const steps = stepsOf(path);
    const found = this.#entries.find((entry) => entry.method === method && fits(entry.steps, steps));
    if (found === undefined) return null;
    const parameters = parametersOf(found.steps).map(
      ({ name, at }) => [name, decodeURIComponent(steps[at] ?? "")] as const,
    );
    return { handler: found.handler, parameters: Object.fromEntries(parameters) };
  }
}

function fits(pattern: readonly string[], steps: readonly string[]): boolean {
  if (pattern.length !== steps.length) return false;
  return pattern.every((step, at) => step === steps[at] || (step.startsWith("{") && steps[at] !== ""));
}

function parametersOf(pattern: readonly string[]): readonly { readonly name: string; readonly at: number }[] {
  return pattern.flatMap((step, at) => (step.startsWith("{") ? [{ name: step.slice(1, -1), at }] : []));
}

/** A slash at the end makes no difference. */
function stepsOf(path: string): readonly string[] {
  return path.replace(/^\/|\/$/g, "").split("/");
}
