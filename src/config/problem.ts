import { byText } from "../lib/order.ts";

/** Something wrong in a file that somebody wrote, said so that they can go there and put it right. */
export interface Problem {
  /** Where it stands; null when it comes from no file (environment, flag, a missing whole). */
  readonly where: Place | null;
  /** Keys from the top, e.g. `lrt.lease`; empty: the whole. */
  readonly path: string;
  /** One sentence without its full stop. */
  readonly message: string;
  readonly hint?: string;
  /** A field that exists in the design and not yet in this version. */
  readonly notYet?: boolean;
}

/** A place in a file, or the name of another source (`environment DISCOVERY_…`, `--set`). */
export interface Place {
  readonly source: string;
  /** From 1; 0: not a text file. */
  readonly line: number;
  readonly column: number;
}

export function sayPlace(place: Place | null): string {
  if (place === null) return "";
  return place.line === 0 ? place.source : `${place.source}:${place.line}:${place.column}`;
}

/** `discovery.yaml:3:5: lrt.leese is not known; did you mean "lease"?` */
export function sayProblem(problem: Problem): string {
  const where = sayPlace(problem.where);
  const hint = problem.hint === undefined ? "" : `; ${problem.hint}`;
  return `${where === "" ? "" : `${where}: `}${problem.message}${hint}`;
}

/** Beyond these the reader has enough to do, and most are likely to follow from the first. */
const MOST_SAID = 5;

/** The first of them, a line each, and how many there are besides. */
export function sayProblems(problems: readonly Problem[]): string[] {
  const said = problems.slice(0, MOST_SAID).map(sayProblem);
  const more = problems.length - said.length;
  return more > 0 ? [...said, `and ${more} more`] : said;
}

/** In the order in which a reader comes by them. */
export function inReadingOrder(problems: readonly Problem[]): Problem[] {
  return [...problems].sort((a, b) => {
    const [here, there] = [a.where, b.where];
    if (here === null || there === null) return Number(here !== null) - Number(there !== null);
    return byText(here.source, there.source) || here.line - there.line || here.column - there.column;
  });
}
