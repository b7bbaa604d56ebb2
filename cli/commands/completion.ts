// `completion`: the script that makes a shell complete the words of `sluice`. It asks the program, so it stays true after an update.
import type { Command, Group } from "../command.ts";
import { EXIT } from "../errors.ts";

const BASH = String.raw`_sluice() {
  local IFS=$'\n'
  COMPREPLY=($("$1" __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f1))
}
complete -o default -F _sluice sluice`;

const ZSH = String.raw`#compdef sluice
_sluice() {
  local -a found
  found=("\${(@f)$("$words[1]" __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "$found[1]" ]]; then
    found=("\${(@)found//:/\\:}")
    found=("\${(@)found/$'\t'/:}")
    _describe sluice found
  else
    _files
  fi
}
if [[ "$funcstack[1]" = _sluice ]]; then _sluice "$@"; else compdef _sluice sluice; fi`;

const FISH = String.raw`function __sluice_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  set -e words[1]
  set -l found (sluice __complete $words "$current" 2>/dev/null)
  if test (count $found) -gt 0
    printf '%s\n' $found
  else
    __fish_complete_path "$current"
  end
end
complete -c sluice -f -a '(__sluice_complete)'`;

const printing = (script: string, summary: string): Command => ({
  summary,
  local: async ({ say }) => {
    say(script.replaceAll("\\${", "${"));
    return EXIT.ok;
  },
});

export const completion: Group = {
  summary: "Print the script that completes commands and options in your shell",
  verbs: {
    bash: printing(BASH, 'For ~/.bashrc: eval "$(sluice completion bash)"'),
    zsh: printing(ZSH, 'For ~/.zshrc, after compinit: eval "$(sluice completion zsh)"'),
    fish: printing(FISH, "For ~/.config/fish/config.fish: sluice completion fish | source"),
  },
};
