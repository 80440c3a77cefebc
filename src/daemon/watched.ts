import type { HypervisorPort, JournalPort } from "../ports/ports.ts";
import type { Vitals } from "./vitals.ts";

/** The journal, with what is written to it told to the watch. */
export function watchedJournal(journal: JournalPort, vitals: Vitals): JournalPort {
  return {
    write: (id, writes) => {
      vitals.writing(id);
      journal.write(id, writes);
    },
  };
}

/** The hypervisor, with what it is asked told to the watch. */
export function watchedHypervisor(hypervisor: HypervisorPort, vitals: Vitals): HypervisorPort {
  return {
    run: (operation, command, by) => {
      vitals.asking(operation, command);
      hypervisor.run(operation, command, by);
    },
  };
}
