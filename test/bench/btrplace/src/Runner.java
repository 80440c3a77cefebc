import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.btrplace.model.DefaultModel;
import org.btrplace.model.Model;
import org.btrplace.model.Node;
import org.btrplace.model.VM;
import org.btrplace.model.constraint.Ban;
import org.btrplace.model.constraint.Fence;
import org.btrplace.model.constraint.Gather;
import org.btrplace.model.constraint.MinMTTR;
import org.btrplace.model.constraint.Preserve;
import org.btrplace.model.constraint.Root;
import org.btrplace.model.constraint.SatConstraint;
import org.btrplace.model.constraint.Spread;
import org.btrplace.model.view.ShareableResource;
import org.btrplace.plan.ReconfigurationPlan;
import org.btrplace.plan.event.MigrateVM;
import org.btrplace.scheduler.choco.ChocoScheduler;
import org.btrplace.scheduler.choco.DefaultChocoScheduler;

/**
 * BtrPlace on one problem: `Runner FILE RUNS SECONDS` prints, per run in the same JVM, the milliseconds to the first
 * plan in repair mode and the memory it migrates ("-": no plan). A line of the file is `host ID CPU MEMORY`,
 * `vm ID HOST CPU-NOW CPU MEMORY-NOW MEMORY`, or a rule: its name, VMs joined by commas, hosts joined by commas.
 */
public final class Runner {
  private final Model model = new DefaultModel();
  private final Map<String, Node> nodes = new HashMap<>();
  private final Map<String, VM> vms = new HashMap<>();
  private final Map<VM, Integer> memory = new HashMap<>();
  private final List<SatConstraint> constraints = new ArrayList<>();
  private final ShareableResource cpus = new ShareableResource("cpu", 0, 0);
  private final ShareableResource memories = new ShareableResource("memory", 0, 0);

  public static void main(String[] args) throws Exception {
    Runner runner = new Runner();
    for (String line : Files.readAllLines(Path.of(args[0]))) runner.take(line.split(" "));
    for (int i = 0; i < Integer.parseInt(args[1]); i++) runner.solve(Integer.parseInt(args[2]));
  }

  private Runner() {
    model.attach(cpus);
    model.attach(memories);
  }

  private void take(String[] words) {
    switch (words[0]) {
      case "host" -> host(words);
      case "vm" -> vm(words);
      case "ban" -> each(words[1], vm -> new Ban(vm, nodesOf(words[2])));
      case "fence" -> each(words[1], vm -> new Fence(vm, nodesOf(words[2])));
      case "root" -> each(words[1], vm -> new Root(vm));
      case "spread" -> constraints.add(new Spread(vmsOf(words[1]), false));
      case "gather" -> constraints.add(new Gather(vmsOf(words[1])));
      default -> throw new IllegalArgumentException(words[0]);
    }
  }

  private void host(String[] words) {
    Node node = model.newNode();
    nodes.put(words[1], node);
    model.getMapping().addOnlineNode(node);
    cpus.setCapacity(node, Integer.parseInt(words[2]));
    memories.setCapacity(node, Integer.parseInt(words[3]));
  }

  /** An overloaded source is refused, so a VM there has less than it demands now, and is to be given the rest. */
  private void vm(String[] words) {
    VM vm = model.newVM();
    vms.put(words[1], vm);
    model.getMapping().addRunningVM(vm, nodes.get(words[2]));
    demand(vm, cpus, words[3], words[4]);
    demand(vm, memories, words[5], words[6]);
    memory.put(vm, Integer.parseInt(words[6]));
    model.getAttributes().put(vm, "migrate", Math.max(1, memory.get(vm) / 1024));
  }

  private void demand(VM vm, ShareableResource resource, String now, String wanted) {
    resource.setConsumption(vm, Integer.parseInt(now));
    if (!now.equals(wanted))
      constraints.add(new Preserve(vm, resource.getResourceIdentifier(), Integer.parseInt(wanted)));
  }

  private interface Rule {
    SatConstraint about(VM vm);
  }

  private void each(String ids, Rule rule) {
    for (VM vm : vmsOf(ids)) constraints.add(rule.about(vm));
  }

  private Set<VM> vmsOf(String ids) {
    Set<VM> found = new HashSet<>();
    for (String id : ids.split(",")) found.add(vms.get(id));
    return found;
  }

  private Collection<Node> nodesOf(String ids) {
    return List.of(ids.split(",")).stream().map(nodes::get).collect(Collectors.toList());
  }

  private void solve(int seconds) {
    ChocoScheduler scheduler = new DefaultChocoScheduler();
    scheduler.doRepair(true);
    scheduler.setTimeLimit(seconds);
    long start = System.nanoTime();
    ReconfigurationPlan plan = attempt(scheduler);
    long ms = (System.nanoTime() - start) / 1_000_000;
    System.out.println(ms + " " + (plan == null ? "-" : String.valueOf(costOf(plan))));
  }

  private ReconfigurationPlan attempt(ChocoScheduler scheduler) {
    try {
      return scheduler.solve(model, constraints, new MinMTTR());
    } catch (RuntimeException refused) {
      System.err.println(refused.getMessage());
      return null;
    }
  }

  private int costOf(ReconfigurationPlan plan) {
    return plan.getActions().stream()
        .filter(action -> action instanceof MigrateVM)
        .mapToInt(action -> memory.get(((MigrateVM) action).getVM()))
        .sum();
  }
}
