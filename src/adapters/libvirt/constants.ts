/** libvirt's enumerations and flag bits, under their own names in lower camel case (libvirt-domain.h, 9.0.0). */

/** virDomainState. */
export const DomainState = {
  noState: 0,
  running: 1,
  blocked: 2,
  paused: 3,
  shutdown: 4,
  shutoff: 5,
  crashed: 6,
  pmSuspended: 7,
} as const;

/** virDomainPausedReason, for `DomainState.paused`. */
export const PausedReason = {
  unknown: 0,
  user: 1,
  migration: 2,
  save: 3,
  dump: 4,
  ioError: 5,
  watchdog: 6,
  fromSnapshot: 7,
  shuttingDown: 8,
  snapshot: 9,
  crashed: 10,
  startingUp: 11,
  postcopy: 12,
  postcopyFailed: 13,
} as const;

/** virDomainShutoffReason, for `DomainState.shutoff`. */
export const ShutoffReason = {
  unknown: 0,
  shutdown: 1,
  destroyed: 2,
  crashed: 3,
  migrated: 4,
  saved: 5,
  failed: 6,
  fromSnapshot: 7,
  daemon: 8,
} as const;

/** virDomainEventType. */
export const LifecycleEvent = {
  defined: 0,
  undefined: 1,
  started: 2,
  suspended: 3,
  resumed: 4,
  stopped: 5,
  shutdown: 6,
  pmSuspended: 7,
  crashed: 8,
} as const;

/** The `detail` of a lifecycle event, by the event it belongs to. */
export const LifecycleDetail = {
  started: { booted: 0, migrated: 1, restored: 2, fromSnapshot: 3, wakeup: 4 },
  suspended: {
    paused: 0,
    migrated: 1,
    ioError: 2,
    watchdog: 3,
    restored: 4,
    fromSnapshot: 5,
    apiError: 6,
    postcopy: 7,
    postcopyFailed: 8,
  },
  resumed: { unpaused: 0, migrated: 1, fromSnapshot: 2, postcopy: 3, postcopyFailed: 4 },
  stopped: { shutdown: 0, destroyed: 1, crashed: 2, migrated: 3, saved: 4, failed: 5, fromSnapshot: 6 },
  shutdown: { finished: 0, guest: 1, host: 2 },
  crashed: { panicked: 0, crashLoaded: 1 },
} as const;

/** virConnectListAllDomainsFlags, also for ConnectGetAllDomainStats. */
export const ListFlags = {
  active: 1,
  inactive: 2,
  persistent: 4,
  transient: 8,
  running: 16,
  paused: 32,
  shutoff: 64,
  other: 128,
} as const;

/** virDomainCreateFlags. */
export const CreateFlags = { startPaused: 1, autoDestroy: 2, bypassCache: 4, validate: 16 } as const;
/** virDomainDestroyFlagsValues. */
export const DestroyFlags = { graceful: 1 } as const;
/** virDomainUndefineFlagsValues. */
export const UndefineFlags = { managedSave: 1, snapshotsMetadata: 2, nvram: 4, keepNvram: 8 } as const;
/** virDomainShutdownFlagValues. */
export const ShutdownFlags = { acpiPowerButton: 1, guestAgent: 2 } as const;
/** virDomainXMLFlags. */
export const XmlFlags = { secure: 1, inactive: 2, updateCpu: 4, migratable: 8 } as const;
/** virDomainSaveRestoreFlags. */
export const SaveFlags = { bypassCache: 1, running: 2, paused: 4 } as const;
/** virDomainSnapshotCreateFlags. */
export const SnapshotFlags = {
  noMetadata: 4,
  halt: 8,
  diskOnly: 16,
  reuseExternal: 32,
  quiesce: 64,
  atomic: 128,
  live: 256,
} as const;
/** virDomainMetadataType. */
export const MetadataType = { description: 0, title: 1, element: 2 } as const;
/** virDomainModificationImpact. */
export const Affect = { current: 0, live: 1, config: 2 } as const;

/** virDomainMigrateFlags. */
export const MigrateFlags = {
  live: 1,
  peerToPeer: 2,
  tunnelled: 4,
  persistDestination: 8,
  undefineSource: 16,
  paused: 32,
  nonSharedDisk: 64,
  nonSharedIncremental: 128,
  changeProtection: 256,
  unsafe: 512,
  compressed: 2048,
  abortOnError: 4096,
  autoConverge: 8192,
  postcopy: 32768,
  tls: 65536,
} as const;

/** The names of the typed parameters of a migration. `bandwidth` is ullong, in MiB/s. */
export const MigrateParam = {
  migrateUri: "migrate_uri",
  destinationName: "destination_name",
  destinationXml: "destination_xml",
  persistentXml: "persistent_xml",
  bandwidth: "bandwidth",
  migrateDisks: "migrate_disks",
  listenAddress: "listen_address",
} as const;

/** virDomainJobType. */
export const JobType = { none: 0, bounded: 1, unbounded: 2, completed: 3, failed: 4, cancelled: 5 } as const;
/** virDomainGetJobStatsFlags. */
export const JobStatsFlags = { completed: 1, keepCompleted: 2 } as const;
/** virDomainJobOperation: the typed parameter `operation` of a job. */
export const JobOperation = {
  unknown: 0,
  start: 1,
  save: 2,
  restore: 3,
  migrationIn: 4,
  migrationOut: 5,
  snapshot: 6,
} as const;

/** virDomainStatsTypes. */
export const StatsTypes = { state: 1, cpuTotal: 2, balloon: 4, vcpu: 8, interface: 16, block: 32 } as const;
/** virConnectGetAllDomainStatsFlags, beside `ListFlags`. `noWait` skips domains whose monitor is taken. */
export const StatsFlags = { noWait: 0x2000_0000, enforceStats: 0x8000_0000 } as const;

/** virDrvFeature: what ConnectSupportsFeature can be asked. */
export const Feature = {
  migrationPeerToPeer: 4,
  migrationV3: 6,
  programKeepalive: 10,
  xmlMigratable: 11,
  migrationParams: 13,
  remoteEventCallback: 14,
} as const;

/** remote_auth_type. */
export const AuthType = { none: 0, sasl: 1, polkit: 2 } as const;
