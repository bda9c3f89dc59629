/** Shells that can be told how to complete. */
export type Shell = 'bash' | 'zsh' | 'fish';

// Each script runs `switchyard __complete` with the words up to the cursor, the last one being completed. Its lines are
// `value<tab>about`; the line `:files` asks for names of files.

const bash = `# bash completion of switchyard
_switchyard() {
  local IFS=$'\\n' words cword cur line value
  # "type:cmc" is three words to bash, because a colon separates; it is put together again.
  if declare -F _get_comp_words_by_ref >/dev/null; then
    _get_comp_words_by_ref -n : -w words -i cword
  else
    words=() cword=0
    local glued='' index
    for ((index = 0; index <= COMP_CWORD; index++)); do
      if ((index > 0)) && [[ \${COMP_WORDS[index]} == : || $glued == : ]]; then
        words[cword]+=\${COMP_WORDS[index]}
      else
        ((index > 0)) && cword=$((cword + 1))
        words[cword]=\${COMP_WORDS[index]}
      fi
      [[ \${COMP_WORDS[index]} == : ]] && glued=: || glued=''
    done
  fi
  cur=\${words[cword]}
  COMPREPLY=()
  while read -r line; do
    value=\${line%%$'\\t'*}
    if [[ $value == :files ]]; then
      compopt -o filenames 2>/dev/null
      COMPREPLY+=($(compgen -f -- "$cur"))
      continue
    fi
    # Of what is before the last colon bash already has the text.
    [[ $cur == *:* && $COMP_WORDBREAKS == *:* ]] && value=\${value#"\${cur%"\${cur##*:}"}"}
    COMPREPLY+=("$value")
  done < <("\${words[0]}" __complete "\${words[@]:1:cword}" 2>/dev/null)
}
complete -F _switchyard switchyard`;

const zsh = `#compdef switchyard
_switchyard() {
  local line value
  local -a found
  for line in "\${(@f)$("\${words[1]}" __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    value="\${line%%$'\\t'*}"
    if [[ $value == :files ]]; then
      _files
    elif [[ -n $value ]]; then
      # A colon separates value and text for _describe.
      if [[ $line == *$'\\t'* ]]; then
        found+=("\${value//:/\\\\:}:\${line#*$'\\t'}")
      else
        found+=("\${value//:/\\\\:}")
      fi
    fi
  done
  (( \${#found} )) && _describe switchyard found
}
compdef _switchyard switchyard`;

const fish = `# fish completion of switchyard
function __switchyard_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    for line in ($words[1] __complete $words[2..-1] "$current" 2>/dev/null)
        if string match -q ':files*' -- $line
            __fish_complete_path $current
        else
            echo $line
        end
    end
end
complete -c switchyard -f -a '(__switchyard_complete)'`;

/** The script of each shell. */
export const completionScripts: Readonly<Record<Shell, string>> = { bash, zsh, fish };
