import type { DiscoveryClient } from "../client/client.ts";
import type { Failure } from "../lib/error.ts";
import type { Millis } from "../lib/instant.ts";
import type { OutputFormat } from "./output/format.ts";
import type { Palette } from "./output/palette.ts";

/** What the process gives the program; a test gives its own. */
export interface Platform {
  readonly environment: { readonly [name: string]: string | undefined };
  readonly stdout: Stream;
  readonly stderr: Stream;
  /** Aborted by Ctrl-C. */
  readonly interrupted: AbortSignal;
  /** Milliseconds of the wall clock. */
  readonly now: () => number;
  readonly readFile: (path: string) => string;
  readonly readStdin: () => Promise<string>;
  /** null: there is nobody to ask. */
  readonly ask: ((question: string) => Promise<boolean>) | null;
}

interface Stream {
  readonly isTty: boolean;
  readonly columns: number;
  write(text: string): void;
}

/** What a command works with. */
export interface Context {
  readonly platform: Platform;
  readonly client: DiscoveryClient;
  readonly format: OutputFormat;
  readonly header: boolean;
  readonly watch: boolean;
  readonly strict: boolean;
  /** How long to wait for long work; null: as long as it takes. */
  readonly timeoutMs: Millis | null;
  readonly palette: Palette;
  /** Data. */
  readonly print: (text: string) => void;
  /** Messages. */
  readonly say: (text: string) => void;
  /** Says what failed; @returns its exit code. */
  readonly failed: (failure: Failure) => number;
}
