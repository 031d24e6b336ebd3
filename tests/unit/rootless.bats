# SPDX-License-Identifier: GPL-2.0-or-later
# Somebody who is not root: what needs root says so in one line, and what shows facts says which ones are missing.

load product
load tree
load live
load tree-boot

setup() {
    tree_new bare
    put /proc/cpuinfo 'vendor_id : GenuineIntel'
    rule gpu0 '[Match]' ID=10de:1b06
    live_root
    mkdir -p "$ROOT/usr/sbin"
    image_tools
    grub_host
    chmod -R a+rX "$ROOT"
}

# as_user COMMAND...: passthroughctl, run by nobody.
as_user() { live_run setpriv --reuid=65534 --regid=65534 --clear-groups /build/passthroughctl "$@"; }

@test "what changes the host says in one line that it needs root, and reads nothing" {
    local command
    for command in 'apply' 'apply --json' 'apply --no-trial' 'undo' 'confirm' 'add gpu1 01:00.0' 'remove gpu0' 'hugepages 2M=1' 'bind gpu0' 'release gpu0' 'trial --settle'; do
        # shellcheck disable=SC2086 # words
        as_user $command
        exits 1
        is "$output" '' "$command: standard output"
        is "$stderr" "passthroughctl: ${command%% *} needs root: sudo passthroughctl ${command%% *}" "$command: standard error"
    done
}

@test "credentials that systemd hides are no error, and the generator's copies are for everybody" {
    put /run/credentials/@system/passthrough.d.hidden nonsense
    chmod 700 "$ROOT/run/credentials/@system"
    as_user plan --json
    is "$(get '.rules[].name')" gpu0 rules
    says "without root these are not known: .*systemd's credentials"
    put /run/systemd/generator/passthrough.credentials/passthrough.d.shown '[Match]' ID=10de:1b07
    as_user plan --json
    is "$(get '.rules[].name')" 'gpu0 shown' rules
    has_not "systemd's credentials"
}

@test "what shows facts names those that are missing, in one line" {
    local command
    chmod 700 "$ROOT/boot" "$ROOT/var/lib"
    for command in list plan check status; do
        as_user $command
        is "$(grep -c 'without root' <<<"$stderr")" 1 "$command: lines" || return 1
        has 'without root these are not known: serial numbers' "sudo passthroughctl $command shows all" || return 1
        live $command
        has_not 'without root' || return 1
    done
    as_user check
    has 'what boot menus and boot images hold'
    # Where there is nothing of the kind, nothing is said of it.
    chmod 755 "$ROOT/boot"
    as_user check
    has_not 'what boot menus and boot images hold'
}

@test "a file that only root may read is named, with what to do" {
    mkdir -p "$ROOT/var/lib/passthrough/undo"
    chmod 700 "$ROOT/var/lib/passthrough"
    as_user undo --list
    exits 1
    has 'Permission denied; this needs root'
}
