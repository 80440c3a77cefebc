/** The demonstration's stage on real libvirt hosts: the project's bed, with guests that burn CPU on command. */
import type { VmView } from "../src/api/views.ts";
import { bedAgents, guestVe } from "../test/bed/agents.ts";
import { Bed, whyNoBed } from "../test/bed/bed.ts";
import type { Stage } from "./demo.ts";
import type { Story } from "./demo-story.ts";

/** milli-CPU that a host's guests may use: small, so that a few guests overload it and the machine bears all hosts. */
const CAPACITY = 600;
/** What the guests of one host burn together once the load rises: half as much again as it has, in percent. */
const BURN = (1.5 * CAPACITY) / 10;

export async function libvirtStage(hosts: number, story: Story): Promise<Stage> {
  const reason = whyNoBed();
  if (reason !== undefined) throw new Error(reason);
  story.say(`${hosts} libvirt hosts boot …`);
  const bed = await Bed.create({ hosts, capacityMilliCpu: CAPACITY });
  const close = async (): Promise<void> => {
    await Promise.all(agents.map((agent) => agent.stop()));
    await bed.close();
  };
  const agents = bedAgents(bed);
  try {
    story.say("an agent starts on each …");
    for (const agent of agents) agent.start();
    await Promise.all(agents.map((agent) => agent.ready()));
    const names = Array.from({ length: 2 * hosts }, (_, i) => `web-${i}`);
    const manifest = await guestVe("shop", names);
    const load = async (vms: readonly VmView[]): Promise<void> => {
      await Promise.all(vms.map(({ name }) => bed.tell(name, `burn ${Math.round(BURN / vms.length)}`)));
    };
    return { agents, manifest, load, close };
  } catch (error) {
    await close();
    throw error;
  }
}
