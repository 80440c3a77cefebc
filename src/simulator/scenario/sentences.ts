/** What each deed of a script does, in a sentence. */
import type { Verb } from "./script.ts";

export type Class =
  | "guests"
  | "people"
  | "process"
  | "host"
  | "hypervisor"
  | "disk and solver"
  | "network"
  | "the end";

interface Told {
  readonly of: Class;
  readonly about: string;
}

export const SENTENCES: { readonly [verb in Verb]: Told } = {
  load: { of: "guests", about: "The VM wants so much of the processor from now on." },
  "dirty-rate": { of: "guests", about: "The VM writes so much of its memory from now on." },
  "crash-guest": { of: "guests", about: "The VM's process is killed." },
  "panic-guest": { of: "guests", about: "The VM's kernel panics." },
  "power-off-guest": { of: "guests", about: "The VM powers itself off." },
  "suspend-guest": { of: "guests", about: "Somebody pauses the VM at its hypervisor." },
  "stall-guest": { of: "guests", about: "The VM stands still for a reason of its own (an I/O error)." },
  "unstall-guest": { of: "guests", about: "The reason has gone, and it runs on." },

  drain: { of: "people", about: "An operator drains the first host, at the agent of the last." },
  restore: { of: "people", about: "An operator takes the first host back, at the agent of the last." },
  migrate: { of: "people", about: "An operator sends the VM to the first host, at the agent of the last." },
  evict: { of: "people", about: "An operator sends the VM away from where it is, wherever there is room." },
  mode: { of: "people", about: "An operator sets the balancing mode, at the agent of the host." },
  "ve-apply": {
    of: "people",
    about:
      "An operator declares a VE of so many like VMs, each with so much memory: anywhere, apart, or where a label is.",
  },
  "ve-start": { of: "people", about: "An operator starts the VE, at the agent of the host." },
  "ve-stop": { of: "people", about: "An operator stops the VE; its guests have so long to power off." },
  "ve-delete": { of: "people", about: "An operator deletes the VE; its guests have so long to power off." },

  "kill-agent": { of: "process", about: "The agent dies, at once or at an effect (see *Ambushes*)." },
  "end-agent": {
    of: "process",
    about: "The agent is stopped in order: it calls back guests that are leaving.",
  },
  "start-agent": { of: "process", about: "The agent is started, if it does not run." },
  spare: { of: "process", about: "Takes the host's ambushes away, and starts its agent if it has died." },
  "stop-agent": { of: "process", about: "The agent stands still (SIGSTOP)." },
  "resume-agent": { of: "process", about: "It goes on." },
  "slow-cpu": { of: "process", about: "Every input takes the agent so long; `0` ends that." },

  "power-off": { of: "host", about: "The host and its guests lose power." },
  "power-on": { of: "host", about: "The host is back, without guests, and its agent is started." },
  sleep: {
    of: "host",
    about: "The host sleeps and its clock goes on: agent and hypervisor daemon stand still.",
  },
  wake: { of: "host", about: "It wakes up." },

  "libvirtd-dies": { of: "hypervisor", about: "The hypervisor's daemon dies; guests live on." },
  "libvirtd-returns": { of: "hypervisor", about: "It is back." },
  "libvirtd-hangs": { of: "hypervisor", about: "The hypervisor's daemon answers nothing." },
  "libvirtd-resumes": { of: "hypervisor", about: "It answers again." },
  "hide-usage": { of: "hypervisor", about: "The hypervisor does not say what its guests use." },
  "slow-listing": {
    of: "hypervisor",
    about: "What is asked of its domains is answered so much later, as it was then; `0` ends that.",
  },
  "slow-begin": {
    of: "hypervisor",
    about:
      "A migration or a start that it is told to begin waits so long first (for a lock of the domain), whatever becomes of who told it; `0` ends that.",
  },
  "show-usage": { of: "hypervisor", about: "It says so again." },

  "disk-space": {
    of: "disk and solver",
    about: "The disk has ample room, little, or none: then writes wait.",
  },
  "slow-disk": { of: "disk and solver", about: "Every write takes so long; `0` ends that." },
  "slow-solver": { of: "disk and solver", about: "Every solution takes so much longer; `0` ends that." },
  "stall-solver": { of: "disk and solver", about: "The solver answers nothing." },
  "resume-solver": { of: "disk and solver", about: "It answers again." },

  cut: { of: "network", about: "What the two hosts send each other is lost." },
  "cut-one-way": { of: "network", about: "What the first host sends to the second is lost." },
  join: { of: "network", about: "Undoes a cut from the first host to the second." },
  isolate: { of: "network", about: "What the host sends to anybody, and anybody to it, is lost." },
  rejoin: { of: "network", about: "Undoes every cut of the host." },
  clog: { of: "network", about: "What the first host sends to the second waits, in its order, for so long." },
  drop: { of: "network", about: "The next such message from the first host to the second is lost." },
  delay: { of: "network", about: "The next such message is so much later, and all after it." },
  "delay-alone": { of: "network", about: "The next such message is so much later; others overtake it." },
  weather: {
    of: "network",
    about: "On every link: messages lost, doubled, later by up to so long, overtaken by later ones.",
  },
  heal: { of: "network", about: "Every link works again; what was to be dropped or delayed is forgotten." },

  calm: { of: "the end", about: "Everything is healed, every guest wants 60 mCPU and writes nothing." },
  tidy: { of: "the end", about: "Everything is healed, every host restored, the mode is auto." },
  end: { of: "the end", about: "The last line: now everything must have settled." },
};
