/** How a request becomes a command of the agent, and the agent's answer the API's. */
import type { Command } from "../agent/commands.ts";
import { type Problem, sayProblems } from "../config/problem.ts";
import { check } from "../config/validate.ts";
import { type Failure, fail, ok, type Result } from "../lib/error.ts";
import type { VeManifest } from "../vet/lifecycle/manifest.ts";
import { checkManifest } from "./manifest.ts";
import { documentOf } from "./manifest-document.ts";
import type { EmbeddedCommand, Requests } from "./requests.ts";
import { ROUTES, type RouteId } from "./routes.ts";
import { requestSchemas } from "./schemas.ts";

/** Every route but `version`, which no agent needs to be asked for. */
export type CommandRoute = Exclude<RouteId, "version">;

/** Checks a request's fields and says what the agent is to be asked. */
export function commandOf(
  route: CommandRoute,
  fields: { readonly [field: string]: unknown },
): Result<Command | EmbeddedCommand> {
  const checked = check(requestSchemas[route], fields, { place: () => null, keyPlace: () => null });
  if (!checked.ok) return fail(refusal("the request is refused", checked.problems));
  const request = checked.value as { readonly [field: string]: unknown };
  if (route === "ve.apply" || route === "ve.plan")
    return applyCommand(request as unknown as Requests["ve.apply"], route);
  return ok({ ...request, type: route } as unknown as Command);
}

function applyCommand(request: Requests["ve.apply"], route: "ve.apply" | "ve.plan"): Result<Command> {
  const manifest = checkManifest(request.manifest);
  if (!manifest.ok) return fail(refusal("the manifest is refused", manifest.problems));
  const dryRun = route === "ve.plan" ? { dryRun: true } : {};
  return ok({ ...request, type: "ve.apply", manifest: manifest.value, ...dryRun });
}

/** The agent's answer in the words of the API. */
export function answerOf(route: RouteId, answer: unknown): unknown {
  return ROUTES[route].kind === "VirtualEnvironment" ? documentOf(answer as VeManifest) : answer;
}

export function refusal(what: string, problems: readonly Problem[]): Failure {
  return {
    code: problems.length > 0 && problems.every(({ notYet }) => notYet === true) ? "not-yet" : "invalid",
    message: what,
    reason: sayProblems(problems).join("; "),
  };
}
