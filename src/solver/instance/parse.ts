/** Instances as text: JSON in one of two formats, or one sentence that says where it is wrong. */
import { fail, ok, type Result } from "../../lib/error.ts";
import type { Problem, ProblemVm } from "../problem.ts";
import { problemFaults } from "../validate.ts";
import { InstanceFault, Reader } from "./reader.ts";
import { readVersion1 } from "./version-1.ts";
import { readVersion2, readVm } from "./version-2.ts";

const FORMATS = ["vmr-instance/1", "vmr-instance/2"] as const;
/** Larger problems than anything this solver is made for. */
const MOST_HOSTS = 100_000;
const MOST_VMS = 1_000_000;
const BYTE_ORDER_MARK = /^\ufeff/;

/** A well-formed problem, or `invalid` with the place of the first fault. */
export function parseInstance(text: string): Result<Problem> {
  return guarded(text, (root) => {
    const problem = formatOf(root) === "vmr-instance/1" ? readVersion1(root) : readVersion2(root);
    if (problem.hosts.length > MOST_HOSTS) root.fail(`more than ${MOST_HOSTS} hosts`);
    if (problem.vms.length > MOST_VMS) root.fail(`more than ${MOST_VMS} VMs`);
    return problem;
  });
}

/** A list of VMs as in `vmr-instance/2`, to be added to a problem. */
export function parseVms(text: string): Result<readonly ProblemVm[]> {
  return guarded(text, (root) => root.list().map(readVm));
}

/** The problem, if it is well formed as a whole. */
export function wellFormed(problem: Problem): Result<Problem> {
  const [first] = problemFaults(problem);
  return first === undefined
    ? ok(problem)
    : fail({ code: "invalid", message: "the instance is not valid", reason: first });
}

function formatOf(root: Reader): (typeof FORMATS)[number] {
  const format = root.entries().find(([key]) => key === "format");
  if (format === undefined) return root.fail('"format" is missing');
  return format[1].oneOf(FORMATS);
}

function guarded<T>(text: string, read: (root: Reader) => T): Result<T> {
  try {
    return ok(read(new Reader(JSON.parse(text.replace(BYTE_ORDER_MARK, "")), "")));
  } catch (error) {
    if (!(error instanceof InstanceFault || error instanceof SyntaxError)) throw error;
    return fail({
      code: "invalid",
      message: "the instance cannot be read",
      reason: error.message.replace(/^: /, ""),
    });
  }
}
