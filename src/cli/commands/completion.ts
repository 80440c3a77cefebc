import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import type { Input } from "../input.ts";

/** The shells ask the program itself, so that a script never goes stale. */
const SCRIPTS: { readonly [shell: string]: string } = {
  bash: `_discoveryctl() {
  local IFS=$'\\n'
  COMPREPLY=($(discoveryctl __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _discoveryctl discoveryctl
`,
  zsh: `#compdef discoveryctl
_discoveryctl() {
  local -a found
  found=("\${(@f)$(discoveryctl __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "\${found[1]}" ]]; then compadd -a found; else _files; fi
}
compdef _discoveryctl discoveryctl
`,
  fish: `function __discoveryctl_complete
  set -l words (commandline -opc) (commandline -ct)
  discoveryctl __complete $words[2..-1] 2>/dev/null
end
complete -c discoveryctl -a '(__discoveryctl_complete)'
`,
};

export async function completion(context: Context, input: Input): Promise<number> {
  context.print(SCRIPTS[input.arg("SHELL")] ?? "");
  return EXIT.done;
}
