/** The sections that differ from host to host. */
import { z } from "zod";
import * as field from "../fields.ts";

const MIB_MAX = 64 * 1_048_576;
const MULTIADDR = /^\/(ip4|ip6|dns|dns4|dns6)\/[^/]+\/tcp\/\d{1,5}(\/.*)?$/;

const addresses = (sentence: string) =>
  z
    .array(z.string().regex(MULTIADDR, "must be an address like /ip4/192.0.2.1/tcp/7840"))
    .max(64)
    .meta({ description: sentence });

const capacity = z
  .strictObject({
    cpus: field
      .coresOrAuto("Cores that VMs may use; auto: what the hypervisor has.", { min: 100, max: 8_192_000 })
      .prefault("auto"),
    memory: field
      .sizeOrAuto("Memory that VMs may use; auto: what the hypervisor has.", { min: 64, max: MIB_MAX })
      .prefault("auto"),
  })
  .prefault({})
  .meta({ description: "What this host offers. Declare less than it has to keep the rest for yourself." });

export const host = z
  .strictObject({
    name: z
      .union([z.literal("auto"), field.label("a label")], {
        error: "must be auto or a label: small letters, digits and hyphens, at most 63",
      })
      .default("auto")
      .meta({ description: "The host's name as operators see it; auto: the first label of its hostname." }),
    labels: field
      .labels("What rules can ask for; site, room and rack also say where the host is.")
      .default({})
      .meta({ "x-example": { site: "rennes", rack: "r1" } }),
    capacity,
  })
  .prefault({})
  .meta({ description: "Who this host is." });

export const network = z
  .strictObject({
    listen: addresses("Addresses at which other hosts reach this one; the default is this machine alone.")
      .min(1)
      .default(["/ip4/127.0.0.1/tcp/7840"]),
    join: addresses("Hosts to ask for the way in, most of all while nobody is known; any member will do.")
      .default([])
      .meta({ "x-example": ["/dns4/h1.example.org/tcp/7840"] }),
  })
  .prefault({})
  .meta({ description: "How hosts reach each other." });

export const paths = z
  .strictObject({
    stateDir: field
      .path("Durable state: identity, journal, known peers; mode 0700.")
      .default("/var/lib/discovery"),
    runtimeDir: field.path("Where admin.sock and read.sock are.").default("/run/discovery"),
    clusterKey: field
      .path("The key all hosts of a cluster share; made by discoveryctl cluster init.")
      .default("/etc/discovery/cluster.key"),
    identityKey: z
      .union([z.literal("auto"), field.path("a path")], { error: "must be auto or an absolute path" })
      .default("auto")
      .meta({ description: "This host's own key, made at its first start; auto: identity.key in stateDir." }),
  })
  .prefault({})
  .meta({ description: "Where things are." });

const embeddedDomain = z.strictObject({
  name: field.label("The domain's name.").meta({ "x-example": "web-0" }),
  cpus: field.integer("Virtual processors.", { min: 1, max: 512 }).default(1),
  memory: field.size("Its memory.", { min: 1, max: MIB_MAX }).prefault("512MiB"),
  loadRatio: field.ratio("CPU it wants, as a share of its processors.", { min: 0, max: 1 }).prefault(0.1),
  dirtyMibPerSecond: field.integer("Memory it writes.", { min: 0, max: 1_000_000 }).default(0),
});

const libvirt = z
  .strictObject({
    uri: field.text("The driver to open.").default("qemu:///system"),
    socket: field
      .path("The daemon's socket; with split daemons /run/libvirt/virtqemud-sock.")
      .default("/run/libvirt/libvirt-sock"),
    domainType: field
      .choice("What guests run on; auto: KVM where it really works.", ["auto", "kvm", "qemu"])
      .default("auto"),
    migrationUri: field
      .text("Where other hosts send this host's guests to; auto: qemu+tls://<host name>/system.")
      .default("auto"),
  })
  .prefault({})
  .meta({ description: "Read when kind is libvirt." });

const embedded = z
  .strictObject({
    port: field.integer("Loopback port for migrations; 0: any free one.", { min: 0, max: 65_535 }).default(0),
    linkMibPerSecond: field.integer("The link's speed each way.", { min: 1, max: 1_000_000 }).default(1000),
    domains: z
      .array(embeddedDomain)
      .max(10_000)
      .prefault([])
      .meta({
        description: "Guests that run from the beginning.",
        "x-example": [{ name: "web-0", cpus: 2, memory: "2GiB", loadRatio: 0.5, dirtyMibPerSecond: 10 }],
      }),
  })
  .prefault({})
  .meta({
    description: "Read when kind is embedded: a model of a hypervisor inside the agent, for trying things.",
  });

export const hypervisor = z
  .strictObject({
    kind: field.choice("Which hypervisor runs the guests.", ["libvirt", "embedded"]).default("libvirt"),
    libvirt,
    embedded,
  })
  .prefault({})
  .meta({ description: "What runs the guests." });

export const control = z
  .strictObject({
    adminGroup: field
      .text("Group that owns admin.sock; empty: the agent's own. It is as good as root.")
      .default(""),
    readGroup: field.text("Group that owns read.sock; empty: the agent's own.").default(""),
    requestTimeout: field
      .duration("A request that takes longer is answered with timed-out.", { min: 1000, max: 600_000 })
      .prefault("30s"),
    maxConnections: field.integer("Connections per socket.", { min: 4, max: 10_000 }).default(128),
    eventHistory: field.integer("Events kept for events --since.", { min: 0, max: 100_000 }).default(1000),
  })
  .prefault({})
  .meta({ description: "The control API on the local sockets." });

export const log = z
  .strictObject({
    level: field
      .choice("The least important kind of line that is written.", [
        "error",
        "warn",
        "info",
        "debug",
        "trace",
      ])
      .default("info"),
  })
  .prefault({})
  .meta({ description: "Logs are JSON lines on stdout." });

export const metrics = z
  .strictObject({
    enabled: field.flag("Whether Prometheus metrics are offered.").default(false),
    address: field.text("Address to offer them at.").default("127.0.0.1"),
    port: field.integer("Port to offer them at.", { min: 1, max: 65_535 }).default(9840),
  })
  .prefault({})
  .meta({ description: "Prometheus metrics." });
