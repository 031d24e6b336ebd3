# SPDX-License-Identifier: GPL-2.0-or-later
# Commands and options as promised: each command with each option, dry runs, JSON wherever there is output, help.

load product
load tree
load live

setup() {
    tree_again options && return
    tree_new
    card 0000:00:02.0 01 1
    pci_add 0000:00:05.0 1234:11e8 00ff group=5 driver=vfio-pci override=vfio-pci
    pci_add 0000:00:06.0 144d:a808 010802 group=6 driver=nvme
    disk nvme0n1 259:0 0000:00:06.0
    mounted nvme0n1 / ext4
    driver_present vfio-pci
    rule gpu0 '[Match]' Address=01:00.0
    rule edu '[Match]' Address=00:05.0
    rule root '[Match]' Address=00:06.0
    put /etc/passthrough.conf '[Host]' 'IOMMU=auto'
    put /proc/cpuinfo 'vendor_id : GenuineIntel'
    mkdir -p "$ROOT/usr/sbin" "$ROOT/etc/default/grub.d"
    : >"$ROOT/usr/sbin/update-grub"
    put /etc/debian_version 12.5
    put /etc/default/grub 'GRUB_CMDLINE_LINUX=""'
    put /boot/grub/grub.cfg '### BEGIN /etc/grub.d/10_linux ###' "menuentry 'Debian GNU/Linux' --class debian {" \
        "	linux	/boot/vmlinuz-$KERNEL root=/dev/nvme0n1 ro quiet" "	initrd	/boot/initrd.img-$KERNEL" '}' '### END /etc/grub.d/10_linux ###'
    image_there
    process 1 systemd
    tree_keep options
}

# The tree, byte for byte, with times.
tree_now() {
    (cd "$ROOT" && find . -printf '%p %y %m %s %T@ %l\n' | LC_ALL=C sort && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 cat) | sha256sum
}

# What the programs' promise has of each command beside --json.
declare -gA promised=(
    [list]='all types' [check]='all for' [plan]='steps against' [status]=boot [apply]='dry-run yes no-trial confirm' [confirm]=dry-run
    [undo]='dry-run list' [add]='yes from dry-run' [remove]=dry-run [bind]=dry-run [release]=dry-run [show]='format all output follow' [hugepages]=dry-run
    [cmdline]='format vendor kernel cmdline' [capture]='raw dry-run' [trial]=dry-run [image]='kernel modules' [help]=''
)

# Those of our own units, which help does not name.
declare -gA hidden=([trial]='settle revert entry' [confirm]=automatic)

# Arguments that a command takes, and values of options that have one: "=x" of any other.
declare -gA arguments=([add]='gpu1 00:05.0' [remove]=gpu0 [hugepages]='2M=64' [show]=gpu0 [bind]=edu [release]=edu [capture]=/captured [image]=--modules)
declare -gA values=([cmdline]=quiet [format]=plain [vendor]=amd [from]=driverctl [boot]=0 [confirm]=1h [for]=nova)

# documented: into takes, what help has of each command, and what only our own units know; with "=" behind what has a value. every: all of them.
documented() {
    local command option
    declare -gA takes=()
    every=
    while read -r command; do
        takes[$command]=$("$BUILD/passthroughctl" help "$command" | sed -nE 's/^  --([a-z-]+=?).*/\1/p' | grep -vxE 'root=|help|version' | paste -sd' ')
        takes[$command]+=" ${hidden[$command]-}"
        for option in ${takes[$command]}; do [[ " $every " == *" $option "* ]] || every+=" $option"; done
    done < <("$BUILD/passthroughctl" help | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p')
    ((${#takes[@]} > 15)) && [[ $every == *' dry-run'* && $every == *' format='* ]]
}

# given OPTION: as it is typed, "--format=plain".
given() {
    local name=${1%=}
    if [[ $1 == *= ]]; then printf -- '--%s=%s' "$name" "${values[$name]-x}"; else printf -- '--%s' "$name"; fi
}

# has_option COMMAND OPTION
has_option() { [[ " ${takes[$1]} " == *" $2 "* ]]; }

@test "help has of each command the options that are promised, and no other" {
    local command option promise
    documented
    is "$(printf '%s\n' "${!promised[@]}" | sort | paste -sd' ')" "$(printf '%s\n' "${!takes[@]}" | sort | paste -sd' ')" commands
    for command in "${!takes[@]}"; do
        promise=" ${promised[$command]} ${hidden[$command]-} "
        [[ $command =~ ^(image|help)$ ]] || promise+='json '
        for option in $promise; do
            has_option "$command" "$option" || has_option "$command" "$option=" || { echo "no --$option of $command" && return 1; }
        done
        for option in ${takes[$command]}; do
            [[ $promise == *" ${option%=} "* ]] || { echo "--$option of $command is not promised" && return 1; }
        done
    done
}

@test "every command with every option that it does not have: an error, exit 2, and nothing changes" {
    local command option before n=0
    documented
    before=$(tree_now)
    for command in "${!takes[@]}"; do
        for option in $every no-such-option; do
            has_option "$command" "$option" && continue
            n=$((n + 1))
            # shellcheck disable=SC2046,SC2086 # words
            ctl "$command" ${arguments[$command]-} $(given "$option")
            [[ $status == 2 && ! $output && ($option == no-such-option || $stderr == *"--${option%=} is an option of "*", not of $command"*) ]] ||
                { echo "$command --$option" && show && return 1; }
        done
    done
    is "$((n + $(wc -w <<<"${takes[*]}")))" $((${#takes[@]} * ($(wc -w <<<"$every") + 1))) 'pairs that were tried, and those that are documented'
    is "$(tree_now)" "$before" 'the tree'
}

# with_option COMMAND OPTION: the command with arguments that go with it.
with_option() {
    local -a words=()
    read -ra words <<<"${arguments[$1]-}"
    case $1-$2 in
    add-from=) words=() ;;
    cmdline-cmdline=) words=(check) ;;
    show-all) words=() ;;
    plan-against=) ctl plan --against="$ROOT" && return ;;
    show-output= | show-follow) status=0 && return ;; # publish.bats: they write
    show-format=) ctl show gpu0 --format=libvirt && return ;;
    esac
    ctl "$1" "${words[@]}" "$(given "$2")"
}

@test "every command with every option that it has is no usage error; what has no --dry-run changes nothing" {
    local command option before
    documented
    before=$(tree_now)
    for command in "${!takes[@]}"; do
        for option in ${takes[$command]}; do
            [[ ! $command =~ ^(trial|confirm)$ ]] || continue # of the running host alone
            with_option "$command" "$option"
            ((status != 2)) || { echo "$command --$option" && show && return 1; }
            if ! has_option "$command" dry-run || [[ $option == dry-run ]]; then
                is "$(tree_now)" "$before" "the tree after $command --$option" || return 1
            else
                tree_again options
                before=$(tree_now)
            fi
        done
        # shellcheck disable=SC2086 # words
        has_option "$command" dry-run || ctl $command ${arguments[$command]-}
        is "$(tree_now)" "$before" "the tree after $command" || return 1
    done
}

@test "confirm and trial, of the running host: every option that they have is no usage error, and --dry-run changes nothing" {
    local command option before
    documented
    live_root
    for command in confirm trial; do
        for option in ${takes[$command]}; do
            before=$(tree_now)
            live "$command" "--$option"
            ((status != 2)) || { echo "$command --$option" && show && return 1; }
            [[ $option != dry-run ]] || is "$(tree_now)" "$before" "the tree after $command --$option" || return 1
        done
        live "$command" --dry-run --json
        whole '.trial.state == "none"' || return 1
    done
}

@test "an option with a value that it cannot have is an error, and nothing changes" {
    local words before
    before=$(tree_now)
    while read -r words; do
        # shellcheck disable=SC2086 # words
        ctl $words
        [[ $status == 2 && ! $output && $stderr == *passthroughctl:* ]] || { echo "$words" && show && return 1; }
    done <<'END'
list --json=yes
apply --dry-run=no
apply --confirm
apply --confirm=
apply --confirm=1s
apply --confirm=25h
apply --confirm=soon
status --boot
status --boot=
status --boot=1
status --boot=last
show gpu0 --format=
show gpu0 --format=plain
cmdline --format=qemu
cmdline --vendor=
cmdline --vendor=via
cmdline --kernel=
cmdline --kernel=../x
add --from=
add --from=lspci
hugepages 2M=
hugepages 2M=x
hugepages 3M=1
undo 0
END
    is "$(tree_now)" "$before" 'the tree'
}

@test "an option that means nothing beside another is an error, and nothing changes" {
    local words before n=0
    before=$(tree_now)
    while read -r words; do
        # shellcheck disable=SC2086 # words
        ctl $words
        [[ $status == 2 && -z $output && $stderr == passthroughctl:* ]] || { echo "$words" && show && return 1; }
        n=$((n + 1))
    done <<'END'
apply --no-trial --confirm=1h
undo --list --dry-run
plan --steps --json
undo --list 1
plan --steps --against=/a --against=/b
plan --steps --against=/a /b
cmdline --json --format=grub
cmdline check --format=grub
cmdline check --vendor=amd
cmdline --cmdline=quiet
add --from=driverctl gpu1 00:05.0
image --modules /image
show --all gpu0
show gpu0 --format=bhyve
trial --settle --revert
trial --settle --json
confirm --automatic --dry-run
END
    is "$n" 17 'lines'
    is "$(tree_now)" "$before" 'the tree'
}

@test "too few or too many arguments are an error, and nothing changes" {
    local words before
    before=$(tree_now)
    while read -r words; do
        # shellcheck disable=SC2086 # words
        ctl $words
        [[ $status == 2 && -z $output ]] || { echo "$words" && show && return 1; }
    done <<'END'
add
add gpu1
remove
remove gpu0 edu
check x
plan x
apply x
status x
undo 1 2
undo x
show
show gpu0 edu
bind
bind gpu0 edu
release
capture
capture /a /b
cmdline x
help x
help list plan
END
    is "$(tree_now)" "$before" 'the tree'
}

# --- dry runs

# dry COMMAND...: with --dry-run nothing changes, and the exit status is that of the real run, which changes something if it succeeds.
dry() {
    local before expected said
    before=$(tree_now)
    ctl "$@" --dry-run
    expected=$status said=$output
    is "$(tree_now)" "$before" "the tree after $* --dry-run" || return 1
    ctl "$@"
    exits "$expected" || return 1
    [[ $status != 0 || $(tree_now) != "$before" ]] || { echo "$* changes nothing" && show && return 1; }
    output=$said
}

@test "--dry-run of each command changes nothing, and exits as the real run does" {
    dry add gpu1 01:00.0
    has 'gpu0 decides 01:00.0'
    dry remove gpu0
    has 'Would remove    /etc/passthrough.d/gpu0.conf'
    dry add gpu1 01:00.0
    has 'gpu1'
    dry add disk 00:06.0
    dry bind root
    dry bind edu
    has 'edu: 00:05.0 has vfio-pci already'
    dry bind 00:07.0
    dry apply --no-trial
    dry hugepages 2M=64
    put /etc/driverctl.d/0000:00:05.0 vfio-pci
    rm "$ROOT/etc/passthrough.d/edu.conf"
    dry add --from=driverctl
    dry capture /captured
    has 'Would capture in /captured'
    dry capture /captured
    dry capture /nowhere/captured
    dry capture /captured.tar.zst
    dry capture /captured.tar.zst
    dry undo 7
    dry undo
    has 'would be undone'
    ctl undo --dry-run
    exits 0
    has 'Nothing to undo.'
}

@test "--dry-run of bind and release says what would be done, and touches no device" {
    local before
    before=$(tree_now)
    ctl bind gpu0 --dry-run
    exits 0
    says '^  gpu0: 01:00.0 would be bound to vfio-pci'
    ctl bind gpu0 --dry-run --json
    exits 0
    is "$(get '.devices[] | "\(.address) \(.state) \(.from)"')" '0000:01:00.0 late radeon 0000:01:00.1 late snd_hda_intel' document
    ctl release edu --dry-run
    exits 0
    has 'edu: 00:05.0 would be given back to the host'
    ctl release edu --dry-run --json
    exits 0
    is "$(get '.devices[] | "\(.address) \(.state)"')" '0000:00:05.0 skipped' document
    is "$(tree_now)" "$before" 'the tree'
    [[ ! -e $ROOT/run/passthrough ]]
}

@test "undo N --dry-run of several applies ends as undo does, also where a file has changed in between" {
    ctl apply --no-trial
    exits 0
    put /etc/passthrough.conf '[Host]' CommandLine=quiet
    ctl apply --no-trial
    exits 0
    dry undo 1
    says 'Apply 2 would be undone'
    says 'Apply 1 would be undone'
    tree_again options
    ctl apply --no-trial
    echo 'GRUB_TIMEOUT=1' >>"$ROOT/etc/default/grub.d/passthrough.cfg"
    put /etc/passthrough.conf '[Host]' CommandLine=quiet
    ctl apply --no-trial
    dry undo 1
}

# --- JSON

@test "--json: one whole document of each command that has output" {
    local command words
    for words in list check plan status 'undo --list' undo 'undo --dry-run' apply 'apply --dry-run' cmdline 'cmdline check' 'show edu' 'bind edu' \
        'release edu' 'add gpu1 01:00.0' 'add gpu1 01:00.0 --dry-run' 'add --from=driverctl' 'remove gpu0 --dry-run' 'remove gpu0' 'capture /captured --dry-run' \
        'capture /captured' 'capture /captured.tar.zst'; do
        # shellcheck disable=SC2086 # words
        ctl $words --json
        jq -es 'length == 1 and .[0].version == 1' <<<"$output" >/dev/null || { echo "$words" && show && return 1; }
    done
}

@test "apply, undo and capture say whether they changed something; in a dry run, whether they would" {
    ctl apply --json --dry-run
    whole .changed
    ctl apply --json
    exits 0
    whole '.changed and .written'
    ctl apply --json
    whole '.changed | not'
    ctl undo --json --list
    whole '.applies | length == 1 and .[0].number == 1 and .[0].complete and (.[0].files | length > 0)'
    ctl undo --json --dry-run
    whole '.changed and .applies == [1]'
    ctl undo --json
    exits 0
    whole '.changed and .applies == [1] and (.restored | length > 0) and .left == [] and (.trial | not)'
    ctl undo --json
    exits 0
    whole '(.changed | not) and .applies == []'
    ctl capture --json /captured
    whole '.changed and .path == "/captured"'
}

# --- help

@test "the bare command shows the state of this host and the five commands to begin with, exit 0" {
    run --separate-stderr "$BUILD/passthroughctl" --root="$ROOT"
    exits 0
    has 'This host: IOMMU on (6 groups), dracut, boots from GRUB of Debian.' '3 rules.'
    is "$stderr" '' 'standard error'
    is "$(sed -n 's/^    \([a-z]*\) .*/\1/p' <<<"$output" | paste -sd' ')" 'list add apply status undo' commands
    rm -r "$ROOT/etc/passthrough.d"
    run --separate-stderr "$BUILD/passthroughctl" --root="$ROOT"
    exits 0
    [[ $(tr -s ' \n' ' ' <<<"$output") == *'No rules yet. '* ]]
    rule broken '[Match]' Adress=01:00.0
    run --separate-stderr "$BUILD/passthroughctl" --root="$ROOT"
    exits 0
    [[ $(tr -s ' \n' ' ' <<<"$output") == *' 1 rule; the config has an error. '* ]]
    has 'Next: passthroughctl plan   says what is wrong in the config'
    run --separate-stderr "$BUILD/passthroughctl" --root="$ROOT" --json
    exits 2
}

@test "help has every command, and of each its usage, options, an example and exit codes, in 80 columns" {
    local command option all text
    documented
    ctl help
    exits 0
    all=$output
    run --separate-stderr "$BUILD/passthroughctl" --help
    is "$output" "$all" '--help'
    for command in "${!takes[@]}"; do
        grep -q "^  $command " <<<"$all" || { echo "no $command" && return 1; }
        ctl help "$command"
        exits 0
        text=$output
        has "usage: passthroughctl [OPTIONS] $command" 'Example:' 'Exit status:'
        ((${#text} > 0)) && [[ -z $(grep -E '.{81}' <<<"$text$all") ]] || { show && return 1; }
        ctl "$command" --help
        exits 0
        is "$output" "$text" "$command --help" || return 1
    done
    is "$(sed -n 's/^  \([a-z][a-z]*\) .*/\1/p' <<<"$all" | wc -l)" ${#takes[@]} 'commands'
}
