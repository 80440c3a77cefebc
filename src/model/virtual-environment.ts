/** A VE's name: an RFC 1123 label, unique in the whole network. */
export type VeName = string;

/** What its owner wants of a VE. */
export type DesiredState = "running" | "stopped";

/** What a VE is seen to do (design 1, lifecycle). *Degraded* is a condition beside it. */
export type ObservedState = "waiting" | "running" | "terminated";
