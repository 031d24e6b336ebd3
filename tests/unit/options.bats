# SPDX-License-Identifier: GPL-2.0-or-later
# Commands and options as promised: each command with each option, dry runs, JSON wherever there is output, help.

load product
load tree

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
    process 1 systemd
    tree_keep options
}

# The tree, byte for byte, with times.
tree_now() {
    (cd "$ROOT" && find . -printf '%p %y %m %s %T@ %l\n' | LC_ALL=C sort && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 cat) | sha256sum
}

# Each command, its options, and arguments that it takes.
declare -gA takes=(
    [list]='json all types' [add]='json dry-run yes from' [remove]='json dry-run' [hugepages]='json dry-run' [check]='json' [plan]='json' [apply]='json dry-run no-trial confirm'
    [status]='json boot' [confirm]='json dry-run automatic' [undo]='json dry-run list' [show]='json all format' [bind]='json dry-run'
    [release]='json dry-run' [cmdline]='json format vendor kernel cmdline' [capture]='json dry-run raw' [trial]='json dry-run settle revert entry'
    [image]='kernel modules' [help]=''
)
declare -gA arguments=([add]='gpu1 00:05.0' [remove]=gpu0 [hugepages]='2M=64' [show]=gpu0 [bind]=edu [release]=edu [capture]=/captured)
every='json kernel=x modules raw cmdline=quiet format=plain vendor=amd dry-run list from=driverctl types boot=0 no-trial confirm=1h settle revert entry automatic yes all'

@test "an option that a command does not have is an error, and nothing changes" {
    local command option before
    before=$(tree_now)
    for command in "${!takes[@]}"; do
        for option in $every; do
            [[ " ${takes[$command]} " != *" ${option%%=*} "* ]] || continue
            # shellcheck disable=SC2086 # words
            ctl "$command" ${arguments[$command]-} "--$option"
            [[ $status == 2 && $stderr == *"--${option%%=*} is an option of "*", not of $command"* && -z $output ]] ||
                { echo "$command --$option" && show && return 1; }
        done
        ctl "$command" --no-such-option
        exits 2 || return 1
    done
    ((${#takes[@]} > 15))
    is "$(tree_now)" "$before" 'the tree'
}

@test "an option that a command has is no usage error" {
    local command option
    for command in "${!takes[@]}"; do
        for option in ${takes[$command]}; do
            local -a words=()
            read -ra words <<<"${arguments[$command]-}"
            case $command-$option in
            trial-* | confirm-*) continue ;; # of the running host alone
            add-from) words=() ;;
            cmdline-cmdline) words=(check) ;;
            show-all) words=() ;;
            list-types) continue ;; # not built
            image-kernel) words=(--modules) ;;
            esac
            case $command-$option in
            show-format) option=format=libvirt ;;
            *) option=$(grep -o -w -- "$option[^ ]*" <<<"$every" | head -n1) ;;
            esac
            tree_again options
            ctl "$command" "${words[@]}" "--$option"
            ((status != 2)) || { echo "$command --$option" && show && return 1; }
        done
    done
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
undo --list 1
cmdline --json --format=grub
cmdline check --format=grub
cmdline check --vendor=amd
cmdline --cmdline=quiet
add --from=driverctl gpu1 00:05.0
image --modules /image
show --all gpu0
show gpu0 --format=nova
trial --settle --revert
trial --settle --json
trial --dry-run
confirm --automatic --dry-run
END
    is "$n" 15 'lines'
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
    has 'gpu0 decides 0000:01:00.0'
    dry remove gpu0
    has 'would remove /etc/passthrough.d/gpu0.conf'
    dry add gpu1 01:00.0
    has 'gpu1'
    dry add disk 00:06.0
    dry bind root
    dry bind edu
    has 'edu: 0000:00:05.0 has vfio-pci already'
    dry bind 00:07.0
    dry apply --no-trial
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
    has 'nothing to undo'
}

@test "--dry-run of bind and release says what would be done, and touches no device" {
    local before
    before=$(tree_now)
    ctl bind gpu0 --dry-run
    exits 0
    says '^gpu0: 0000:01:00.0 would be bound to vfio-pci'
    ctl bind gpu0 --dry-run --json
    exits 0
    is "$(get '.devices[] | "\(.address) \(.state) \(.from)"')" '0000:01:00.0 late radeon 0000:01:00.1 late snd_hda_intel' document
    ctl release edu --dry-run
    exits 0
    has 'edu: 0000:00:05.0 would be given back to the host'
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
    says 'apply 2 would be undone'
    says 'apply 1 would be undone'
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
    has 'This host: IOMMU on (6 groups), no dracut, boots from GRUB, as Debian has it.' '3 rules.'
    is "$stderr" '' 'standard error'
    is "$(sed -n 's/^  \([a-z]*\) .*/\1/p' <<<"$output" | paste -sd' ')" 'list add apply status undo' commands
    rm -r "$ROOT/etc/passthrough.d"
    run --separate-stderr "$BUILD/passthroughctl" --root="$ROOT"
    exits 0
    has 'No rules yet.'
    rule broken '[Match]' Adress=01:00.0
    run --separate-stderr "$BUILD/passthroughctl" --root="$ROOT"
    exits 0
    has '1 rule. 1 with an error: passthroughctl plan'
    run --separate-stderr "$BUILD/passthroughctl" --root="$ROOT" --json
    exits 2
}

@test "help has every command, and of each its usage, options, an example and exit codes, in 80 columns" {
    local command option all text
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
        for option in ${takes[$command]}; do
            [[ $option =~ ^(automatic|settle|revert|entry)$ ]] || grep -qE -- "^  --$option(=[^ ]*)? " <<<"$text" || { echo "$command --$option" && show && return 1; }
        done
        is "$(sed -nE 's/^  --([a-z-]+).*/\1/p' <<<"$text" | grep -vwE "root|help|version|$(tr ' ' '|' <<<"${takes[$command]:-none}")" | paste -sd' ')" '' \
            "options of $command" || return 1
    done
    is "$(sed -n 's/^  \([a-z][a-z]*\) .*/\1/p' <<<"$all" | wc -l)" ${#takes[@]} 'commands'
}
