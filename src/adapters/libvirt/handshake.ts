/**
 * The first words on a new connection, and what can be wrong with the answers.
 *
 *     AuthList ──► keepalive? ──► ConnectOpen ──► events by callback?
 *
 * The question about keepalive must come before ConnectOpen, every other question about features after it: that is
 * how libvirtd answers them.
 */
import type { CallOptions } from "./calls.ts";
import { AuthType, Feature } from "./constants.ts";
import { CallError, ConnectionError } from "./errors.ts";
import type { Arguments, ProcedureName, Result } from "./procedures.ts";

type Call = <N extends ProcedureName>(
  name: N,
  args: Arguments<N>,
  options: CallOptions,
) => Promise<Result<N>>;

/** Opens `uri`; the result says whether the daemon knows keepalives. @throws ConnectionError, CallError, LibvirtError */
export async function handshake(call: Call, uri: string, options: CallOptions): Promise<boolean> {
  const supports = async (feature: number): Promise<boolean> =>
    (await call("ConnectSupportsFeature", { feature }, options)).supported === 1;
  const { types } = await call("AuthList", {}, options);
  if (types.length > 0 && !types.includes(AuthType.none)) throw authenticationRequired(types);
  const keepalive = await supports(Feature.programKeepalive);
  await call("ConnectOpen", { name: uri }, options);
  if (await supports(Feature.remoteEventCallback)) return keepalive;
  throw new ConnectionError("unsupported-daemon", "it cannot tell events apart by callback");
}

/** Why `connect` failed, for what `handshake` threw; `deadline` is the signal that means "too late". */
export function connectFailure(error: unknown, deadline: AbortSignal): unknown {
  if (!(error instanceof CallError)) return error;
  if (error.failure === "deadline" || deadline.aborted) {
    return new ConnectionError("connect-timeout", `no answer to ${error.procedure}`, error);
  }
  return new ConnectionError("connect-cancelled", "by the caller", error.cause);
}

function authenticationRequired(types: readonly number[]): ConnectionError {
  const names = types.map(authName).join(" or ");
  const advice = 'run as root, or set auth_unix_rw = "none" (auth_tcp for TCP) in libvirtd.conf';
  return new ConnectionError("authentication-required", `the daemon wants ${names}: ${advice}`);
}

const authName = (type: number): string =>
  Object.entries(AuthType).find(([, known]) => known === type)?.[0] ?? `type ${type}`;
