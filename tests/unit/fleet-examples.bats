#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# conf/examples for programs that set many hosts up: read as those do, and what the hosts get is planned. tests/consumers/ansible has
# Ansible run the role.

load product
load tree
load tree-pages

EXAMPLES=$BATS_TEST_DIRNAME/../../conf/examples

setup() {
    tree_new
    put /proc/cpuinfo 'vendor_id : GenuineIntel'
    root_port 0000:00:02.0 01
    pci_add 0000:01:00.0 1002:6929 0300 under=0000:00:02.0 group=1 driver=radeon
    pci_add 0000:01:00.1 1002:aa38 0403 under=0000:00:02.0 group=1 driver=snd_hda_intel
    root_port 0000:00:03.0 02
    pci_add 0000:02:00.0 1234:11e8 1200 under=0000:00:03.0 group=2
    driver_present vfio-pci
}

# read_example KIND FILE: what its program makes of it is in $said, the host's files are in the tree.
read_example() {
    said=$("$BATS_TEST_DIRNAME/examples-read" "$1" "$EXAMPLES/$2" "$ROOT")
}

# invalid KIND FILE EDITED SED TEXT: with that edit of it, or of a file beside it, its program does not take it.
invalid() {
    cp -r "$EXAMPLES" "$BATS_TEST_TMPDIR/examples"
    sed -i "$4" "$BATS_TEST_TMPDIR/examples/$3"
    ! cmp -s "$EXAMPLES/$3" "$BATS_TEST_TMPDIR/examples/$3" || return 1
    run_program "$BATS_TEST_DIRNAME/examples-read" "$1" "$BATS_TEST_TMPDIR/examples/$2" "$BATS_TEST_TMPDIR/host"
    exits 1 && has "$5"
    rm -r "$BATS_TEST_TMPDIR/examples"
}

@test "the Butane file is one, its rules and settings plan, and its kernel arguments are those that they need" {
    local line
    memory $((64 * 1048576))
    kernel_size 2048
    read_example butane passthrough.bu
    plan
    exits 0
    is "$stderr" '' 'what is said of it'
    bound 0000:01:00.0 0000:01:00.1
    is "$(get '.hugepages.pools[] | "\(.size) \(.asked) \(.action)"')" '2M 1024 write' 'huge pages'
    line=$(sed -n 's/^kernel //p' <<<"$said")
    ctl cmdline --vendor=intel
    is "$output" "$line" 'kernel arguments'
    invalid butane passthrough.bu passthrough.bu 's/contents:$/content:/' "is unknown"
    invalid butane passthrough.bu passthrough.bu 's/^  files:/&\n  files:/' 'a key stands twice'
    invalid butane passthrough.bu passthrough.bu 's/version: 1.5.0/version: 1.0.0/' 'no variant and version'
}

@test "what the Butane file has run is a command that there is, and only where it is there" {
    local words
    read_example butane passthrough.bu
    words=$(sed -n 's/^ExecStart=.*passthroughctl //p' "$ROOT/etc/systemd/system/passthrough-apply.service")
    grep -qx 'ConditionPathExists=/usr/bin/passthroughctl' "$ROOT/etc/systemd/system/passthrough-apply.service"
    grep -qx 'ConditionPathExists=!/usr/bin/passthroughctl' "$ROOT/etc/systemd/system/passthrough-layer.service"
    # shellcheck disable=SC2086 # words
    ctl $words --dry-run
    ((status != 2)) || { show && return 1; }
}

@test "the playbook and its role are sound, its rules plan, and its commands are there" {
    local command options option
    read_example playbook ansible/passthrough.yml
    plan
    exits 0
    rule_is gpu ok
    rule_is accelerators skipped
    put /etc/machine-info TAGS=accelerators
    plan
    rule_is accelerators ok
    bound 0000:01:00.0 0000:01:00.1 0000:02:00.0
    is "$(grep -c '^command passthroughctl ' <<<"$said")" 3 commands
    while read -r _ _ command options; do
        ctl help "$command"
        exits 0
        for option in $options; do has "$option"; done
    done < <(grep ^command <<<"$said")
    invalid playbook ansible/passthrough.yml ansible/roles/passthrough/tasks/main.yml 's/notify: .*/notify: Nobody/' 'no handler Nobody'
}

@test "the local facts are one document, also where the programs have nothing to say or are not there" {
    local script=$EXAMPLES/ansible/roles/passthrough/files/passthrough.fact
    [[ -x $script ]]
    mkdir "$BATS_TEST_TMPDIR/bin"
    printf '#!/bin/sh\nexec %s/passthroughctl --root=%s "$@"\n' "$BUILD" "$ROOT" >"$BATS_TEST_TMPDIR/bin/passthroughctl"
    chmod +x "$BATS_TEST_TMPDIR/bin/passthroughctl"
    rule gpu '[Match]' ID=1002:6929
    run_program env PATH="$BATS_TEST_TMPDIR/bin:$PATH" "$script"
    exits 0
    whole '.status.rules[0].name == "gpu" and (.show | has("rules"))'
    printf '#!/bin/sh\nexit 127\n' >"$BATS_TEST_TMPDIR/bin/passthroughctl"
    run_program env PATH="$BATS_TEST_TMPDIR/bin:$PATH" "$script"
    exits 0
    whole '. == {"status": null, "show": null}'
}
