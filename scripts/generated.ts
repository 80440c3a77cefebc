/** Every file that is made from the sources, with the text it should have. */
import { manifestPage } from "../src/api/manifest-page.ts";
import { apiPage } from "../src/api/openapi.ts";
import { exitCodesPage } from "../src/cli/exit-codes.ts";
import { cliPage } from "../src/cli/page.ts";
import { configPage, defaultJson, exampleYaml } from "../src/config/reference.ts";
import { jsonSchema } from "../src/config/shape.ts";
import { simulatorPage } from "../src/simulator/command-line/page.ts";
import { scenariosPage } from "../src/simulator/scenario/page.ts";
import { wireProtocolPage } from "../src/wire/page.ts";

export function generated(): readonly { readonly path: string; readonly text: string }[] {
  return [
    { path: "docs/reference/api.md", text: apiPage() },
    { path: "docs/reference/cli.md", text: cliPage() },
    { path: "docs/reference/config.md", text: configPage() },
    { path: "docs/reference/exit-codes.md", text: exitCodesPage() },
    { path: "docs/reference/manifest.md", text: manifestPage() },
    { path: "docs/reference/scenarios.md", text: scenariosPage() },
    { path: "docs/reference/discovery-sim.md", text: simulatorPage() },
    { path: "docs/reference/wire-protocol.md", text: wireProtocolPage() },
    { path: "config/default.json", text: defaultJson() },
    { path: "config/discovery.example.yaml", text: exampleYaml() },
    { path: "config/discovery.schema.json", text: `${JSON.stringify(jsonSchema(), null, 2)}\n` },
  ];
}
