# passthroughctl status, for people: a line for each rule, what is stale, how far a trial is, and what comes next.
# What the screens are like is in screens/.

load product
load tree
load tree-users
load tree-guard
load tree-pages
load screen

@test "three machines on a terminal of 80 and of 200 columns, in a pipe, in colour and in ASCII" {
    has_names
    local m
    for m in "${RULED[@]}"; do
        ruled "$m"
        pci_bind 0000:01:00.0 vfio-pci 2>/dev/null || true
        booted
        screens status "$m"
    done
}

@test "no line is longer than the screen is wide, and no word is broken" {
    local m columns
    for m in "${RULED[@]}"; do
        ruled "$m"
        booted
        for columns in 60 80 100; do whole_words $columns status nvme display network || { echo "$m" && return 1; }; done
    done
}

# said_once REGEX
said_once() {
    is "$(grep -cE -- "$1" <<<"$output")" 1 "lines with $1"
}

@test "each reason is said once" {
    ruled server-4gpu
    booted
    ctl status
    said_once 'unknown key'
    said_once 'vfio-pci did not take it; it is bound to nouveau'
    said_once 'no record that the host can spare it'
    says '^  data, nic, usb: not cleared: this image has no record that the host can spare it'
    rule new '[Match]' Address=98:00.0
    rule newer '[Match]' Address=98:00.0
    ctl status
    said_once 'not in effect yet'
    says '^  new, newer: not in effect yet, and the plan has no device for it: passthroughctl plan says why$'
    says '^  new +pending$'
    cmdline passthrough=off
    rm -r "$ROOT/run/passthrough"
    ctl status
    said_once 'passthrough=off'
}

@test "what was taken late names who had it; what comes with a device is on its line" {
    machine two-cards
    pci_bind 0000:01:00.0 vfio-pci
    pci_bind 0000:01:00.1 vfio-pci
    rule gpu0 '[Match]' Address=01:00.0
    booted
    ctl status
    exits 0
    says '^  gpu0 +ok +01:00\.0 .* vfio-pci +4\.1 s$'
    says '^ +with 01:00\.1, its audio$'
    said_once '01:00\.1'
    says '^  1 of 1 rule in effect, 2 devices handed over before any native driver\.$'
    sed -i -E $'s/^(D\tgpu0\tpci\t0000:01:00.0\t.*)\tbound\t\t/\\1\tlate\tradeon\t/' "$ROOT/run/passthrough/record"
    ctl status
    exits 0
    says '^ +taken from radeon$'
    says ', 1 device handed over before any native driver, 1 taken from a native driver\.$'
    # Another device is there by now.
    pci_remove 0000:01:00.0
    pci_add 0000:01:00.0 10de:1b06 0300 under=0000:00:02.0 group=1
    ctl status
    says '01:00\.0 +1002:5159 display'
}

# trial STATE [LINE...]: a record of one.
trial() {
    put /var/lib/passthrough/trial/manifest 'passthrough-trial 1' "state $1" 'config 00000000000000aa' "${@:2}" 'when 2026-11-29 18:27:04' \
        'boot 0123456789abcdef0123456789abcdef' "release $KERNEL" end
}

@test "a trial is told in plain words" {
    machine two-cards
    rule gpu0 '[Match]' Address=01:00.0
    trial pending 'by-itself 900'
    ctl status
    says '^  The next boot is the trial of what was applied at 2026-11-29 18:27\.$'
    trial running 'by-itself 900'
    cmdline passthrough.trial=00000000000000aa:900
    ctl status
    says '^  This boot is the trial\. It is kept once the boot is complete; otherwise it is taken back 15 min after its start\.$'
    trial running 'by-hand 900'
    ctl status
    says '^  This boot is the trial\. Only passthroughctl confirm keeps it; otherwise it is taken back 15 min after its start\.$'
    trial failed 'by-itself 900' 'why its boot was not complete after 15 minutes'
    ctl status
    says '^  The trial of 2026-11-29 18:27 failed and was taken back: its boot was not complete after 15 minutes\. The old state is running\.$'
    is "$(grep -c Next: <<<"$output")" 1 'next steps'
}

@test "a boot before this one has names, and the next step" {
    has_names
    machine desktop-two-nvme
    mkdir -p "$BATS_TEST_TMPDIR/bin"
    printf '#!/bin/sh\necho %s\n' "'{\"MESSAGE\":\"gpu0: 0000:01:00.0 bound to vfio-pci\",\"_SOURCE_MONOTONIC_TIMESTAMP\":\"4112345\"}'" \
        >"$BATS_TEST_TMPDIR/bin/journalctl"
    chmod +x "$BATS_TEST_TMPDIR/bin/journalctl"
    PATH=$BATS_TEST_TMPDIR/bin:$PATH ctl status --boot=-1
    exits 0
    says '^  Boot -1, by the journal:$'
    says '^  gpu0 +ok +01:00\.0 +NVIDIA GeForce RTX 3080 +vfio-pci +4\.1 s$'
    says '^  Next: passthroughctl '
}
