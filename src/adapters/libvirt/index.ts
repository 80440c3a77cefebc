/** The public face of the libvirt client: see README.md in this folder. */
export type { BackoffOptions } from "./backoff.ts";
export type { CallLoad, CallOptions } from "./calls.ts";
export { type ClientEvents, type ClientOptions, LibvirtClient } from "./client.ts";
export { type ConnectionEvents, type ConnectionOptions, LibvirtConnection } from "./connection.ts";
export * from "./constants.ts";
export {
  CallError,
  type CallFailure,
  ConnectionError,
  type ConnectionFailure,
  ErrorCode,
  ErrorDomain,
  isLibvirtError,
  LibvirtError,
} from "./errors.ts";
export type { DomainEvent, DomainEventName } from "./events.ts";
export type { KeepaliveOptions } from "./keepalive.ts";
export type { Arguments, Domain, ProcedureName, Result } from "./procedures.ts";
export type { Target } from "./socket.ts";
export { type TypedParam, TypedParams } from "./typed-params.ts";
