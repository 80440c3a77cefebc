/** A world's shape as people write it: without what the schema fills in by itself. */
import { stringify } from "yaml";
import { SCENARIO, type ScenarioShape } from "../scenario/schema.ts";

export function sayShape(shape: ScenarioShape): string {
  return stringify(unusual(shape), { collectionStyle: "any", lineWidth: 108 });
}

function unusual({ hosts, shows: _shows, never: _never, ...rest }: ScenarioShape): object {
  const usual = SCENARIO.parse({ hosts: [{ name: "x", vms: [{ name: "y" }] }] }).hosts[0];
  const top = Object.entries(rest).filter(([, value]) => !isEmpty(value));
  return {
    ...Object.fromEntries(top),
    hosts: hosts.map(({ vms, ...host }) => ({
      ...trimmed(host, { ...usual }),
      vms: vms.map((vm) => trimmed(vm, { ...usual?.vms[0] })),
    })),
  };
}

function trimmed(given: object, usual: { readonly [key: string]: unknown }): object {
  const entries = Object.entries(given).filter(
    ([key, value]) => !isEmpty(value) && JSON.stringify(value) !== JSON.stringify(usual[key]),
  );
  return Object.fromEntries(entries);
}

const isEmpty = (value: unknown): boolean =>
  value === undefined || (typeof value === "object" && value !== null && Object.keys(value).length === 0);
