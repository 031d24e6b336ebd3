#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# plan --against=DIR: these rules over a captured machine, beside what the machine's own do.

load product
load tree
load sriov

A=0000:01:00.0 B=0000:02:00.0 C=0000:03:00.0

# A machine with three cards and a rule for the first; elsewhere, in $HERE, the rules that are to come.
setup() {
    tree_new
    local address n=0
    for address in $A $B $C; do
        n=$((n + 1))
        root_port 0000:00:0$n.0 0$n
        pci_add $address 1234:11e8 00ff under=0000:00:0$n.0 group=$n driver=edu
    done
    rule first '[Match]' Address=$A
    HERE=$BATS_TEST_TMPDIR/here
    mkdir -p "$HERE/etc/passthrough.d"
}

here() { # here NAME LINE...: a rule that is to come
    printf '%s\n' "${@:2}" >"$HERE/etc/passthrough.d/$1.conf"
}

against() {
    run --separate-stderr timeout 60 "$BUILD/passthroughctl" plan --root="$HERE" --against="$ROOT" "$@"
}

@test "what changes is named with what becomes of it by either, and what does not is not" {
    here first '[Match]' Address=$A
    here second '[Match]' Address=$B '[Device]' Driver=pci-stub
    against
    exits 0
    has '02:00.0 1234:11e8: stays with the host by its own rules; pci-stub, by second by these'
    has_not '01:00.0 1234:11e8:' '03:00.0'
    against --json
    exits 0
    is "$(get '.changes[] | "\(.address) \(.before.action) \(.after.action) \(.after.rule) \(.after.driver)"')" "$B keep bind second pci-stub" changes
    is "$(get '[.devices[] | "\(.address) \(.action)"] | join(", ")')" "$A bind, $B bind" 'the plan itself'
}

@test "a device that goes back to the host, one that another rule has, and one that is refused" {
    here other '[Match]' Address="$A $B" '[Device]' Expect=1
    against --json
    exits 1
    is "$(get '[.changes[] | "\(.address) \(.before.action) \(.before.rule) \(.after.action) \(.after.rule)"] | join(", ")')" \
        "$A bind first refuse other, $B keep  refuse other" changes
    rm "$HERE/etc/passthrough.d/other.conf"
    against
    exits 0
    has '01:00.0 1234:11e8: vfio-pci, by first by its own rules; stays with the host by these'
}

@test "nothing changes: it is said, also where rules have other names of files and leave a device to the host" {
    here first '[Match]' Address=$A
    here 10-kept '[Match]' Address=$C '[Device]' Driver=native
    against
    exits 0
    has "No device fares otherwise than by the machine's own rules (1 handed over)."
    against --json
    is "$(get '.changes | length')" 0 changes
}

@test "a rule here that is wrong, a machine that is none, and nothing is written anywhere" {
    local before
    here first '[Match]' Adress=$A
    before=$(find "$ROOT" "$HERE" | sort | sha256sum)
    against
    exits 2
    run --separate-stderr "$BUILD/passthroughctl" plan --root="$HERE" --against="$BATS_TEST_TMPDIR/nowhere"
    exits 2
    has nowhere
    is "$(find "$ROOT" "$HERE" | sort | sha256sum)" "$before" files
}

# host NAME: the machine as it is, as one of a fleet; FLEET are all of them.
host() {
    FLEET+=("$BATS_TEST_TMPDIR/$1")
    cp -a "$ROOT" "$BATS_TEST_TMPDIR/$1"
}

# fleet [OPTION...]: what the rules to come are on all of them.
fleet() {
    run --separate-stderr timeout 60 "$BUILD/passthroughctl" plan --root="$HERE" "$@" --against "${FLEET[@]}"
    [[ " $* " != *' --json '* || ! ${PRINTED-} ]] || printf '%s\n%s\n\x1e\n' 'plan --against one two --json' "$output" >>"$PRINTED/against.bats"
}

lines_of() { awk -v dir="$BATS_TEST_TMPDIR/" 'index($1, dir) == 1 { sub(dir, ""); sub(/^ +/, ""); print }' <<<"$output"; }

@test "many machines: a line for each change, how many hosts there are of each kind, and a machine that loses something fails" {
    host same
    here first '[Match]' Address=$A
    here second '[Match]' Address=$B
    rule second '[Match]' Address=$B
    host gained
    rule third '[Match]' Address=$C
    host lost
    rm "$ROOT/etc/passthrough.d/second.conf" "$ROOT/etc/passthrough.d/third.conf"
    FLEET=("${FLEET[0]}")
    fleet
    is "$status" 0 'one machine alone is its plan'
    has 'by its own rules'
    FLEET=("$BATS_TEST_TMPDIR"/{same,gained})
    fleet
    exits 0
    is "$(lines_of)" 'same gains 02:00.0 1234:11e8: vfio-pci, by second; now stays with the host' lines
    has '2 hosts: 1 unchanged, 1 change (0 with a device lost), 0 unreadable.'
    FLEET+=("$BATS_TEST_TMPDIR/lost")
    fleet
    exits 1
    is "$(lines_of | tail -n 1)" 'lost loses 03:00.0 1234:11e8: stays with the host; now vfio-pci, by third' lines
    has '3 hosts: 1 unchanged, 2 change (1 with a device lost), 0 unreadable.'
    fleet --json
    exits 1
    is "$(get '.hosts[] | "\(.capture | split("/") | last) \(.state) \([.changes[] | "\(.way) \(.address)"] | join(" "))"')" \
        "same changed gains $B gained unchanged  lost changed loses $C" hosts
    is "$(get '.total | tojson')" '{"hosts":3,"unchanged":1,"changed":2,"losing":1,"unreadable":0,"faulty":0}' total
}

@test "many machines: one that cannot be read is named, and does not end the others" {
    here second '[Match]' Address=$B
    host one
    FLEET+=("$BATS_TEST_TMPDIR/nowhere" "$BATS_TEST_TMPDIR/empty" "$BATS_TEST_TMPDIR/damaged")
    mkdir "$BATS_TEST_TMPDIR/empty"
    ctl capture /captured
    exits 0
    mv "$ROOT/captured" "$BATS_TEST_TMPDIR/damaged"
    truncate -s -20 "$BATS_TEST_TMPDIR/damaged/passthrough-capture"
    host last
    fleet
    exits 1
    is "$(lines_of | cut -d' ' -f 1,2 | paste -sd,)" 'one loses,one gains,last loses,last gains' lines
    has '5 hosts: 0 unchanged, 2 change (2 with a device lost), 3 unreadable.' \
        "$BATS_TEST_TMPDIR/nowhere: unreadable: No such file or directory" \
        "$BATS_TEST_TMPDIR/empty: unreadable: no captured machine: it has neither /passthrough-capture nor /sys" \
        "$BATS_TEST_TMPDIR/damaged: unreadable: /passthrough-capture is damaged"
    fleet --json
    is "$(get '[.hosts[] | .state] | join(" ")')" 'changed unreadable unreadable unreadable changed' states
    is "$(get '.hosts[3].message')" '/passthrough-capture is damaged' message
}

@test "many machines: one whose copy is not whole is named, and so is what it lacks" {
    local path
    here first '[Match]' Address=$A
    host one
    for path in /sys/bus "/sys/bus/pci/devices/$A/class" /proc/cpuinfo; do
        put /proc/cpuinfo 'vendor_id : GenuineIntel'
        ctl capture "/captured"
        exits 0
        rm -r "$ROOT/captured$path"
        rm -rf "$BATS_TEST_TMPDIR/part"
        mv "$ROOT/captured" "$BATS_TEST_TMPDIR/part"
        FLEET=("${FLEET[0]}" "$BATS_TEST_TMPDIR/part")
        fleet
        exits 1
        has "$BATS_TEST_TMPDIR/part: unreadable: its copy is not whole: " ', 1 unreadable.'
    done
}

@test "a directory of any name is one line of text, and the document stays one" {
    local odd=$'odd\n\xff\xfe\e[31m'
    here first '[Match]' Address=$A
    host one
    mv "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/$odd"
    FLEET=("$BATS_TEST_TMPDIR/$odd" "$BATS_TEST_TMPDIR/$odd/nowhere")
    rm "$HERE/etc/passthrough.d/first.conf"
    fleet
    exits 1
    has 'odd????[31m loses 01:00.0' 'odd????[31m/nowhere: unreadable'
    fleet --json
    iconv -f UTF-8 -t UTF-8 <<<"$output" >/dev/null
    is "$(get '.hosts[0].state')" changed state
}

@test "a machine's credentials stay with it, but those that a rule or a mask here has the name of; this host's stay here" {
    put /run/credentials/@system/passthrough.d.mine '[Match]' Address=$B
    here first '[Match]' Address=$A
    mkdir -p "$HERE/run/credentials/@system"
    printf '%s\n' '[Match]' Address=$C >"$HERE/run/credentials/@system/passthrough.d.ours"
    against --json
    exits 0
    is "$(get '[.changes[].address] | join(" ")')" '' changes
    is "$(get '.rules[].name')" 'first mine' rules
    here mine '[Match]' Address=$C
    against --json
    is "$(get '[.changes[] | "\(.address) \(.way)"] | join(", ")')" "$B loses, $C gains" changes
    : >"$HERE/etc/passthrough.d/mine.conf"
    against --json
    is "$(get '[.changes[] | "\(.address) \(.way)"] | join(", ")')" "$B loses" changes
}

@test "a machine whose own rules have an error has these named by their file here, and so has one of many" {
    rule broken '[Match]' Adress=$A
    here first '[Match]' Address=$A
    against
    exits 0
    has "$ROOT/etc/passthrough.d/broken.conf:2: unknown key"
    host one
    rm "$ROOT/etc/passthrough.d/broken.conf"
    host two
    fleet
    exits 0
    has 'one gains 01:00.0' '2 hosts: 1 unchanged, 1 change' '1 with errors in their own rules; --json names them.'
    fleet --json
    is "$(get '.hosts[0].errors[0] | "\(.file):\(.line)"')" "$BATS_TEST_TMPDIR/one/etc/passthrough.d/broken.conf:2" errors
    is "$(get '.total.faulty')" 1 'machines with errors'
    here first '[Match]' Adress=$A
    fleet
    exits 2
}

@test "a function that comes along has no line of its own, and one that alone changes has" {
    card 0000:00:08.0 08 8
    rule gpu '[Match]' Address=08:00.0
    host one
    host two
    fleet
    exits 1
    is "$(lines_of | grep -c 'loses 08:00.0')" 2 'lines of the card'
    has_not 08:00.1
    here gpu '[Match]' Address=08:00.0 '[Device]' Functions=match IOMMUGroup=require
    fleet --json
    is "$(get '.hosts[0].changes | length')" 3 'changes of one'
}

@test "virtual functions that are no longer made, or fewer of them, are a loss" {
    pci_add 0000:00:09.0 8086:10c9 0200 group=9 driver=igb
    nic eno2 0000:00:09.0
    sriov 0000:00:09.0 7
    here first '[Match]' Address=$A
    rule nic '[Match]' Address=00:09.0 '[SR-IOV]' VirtualFunctions=4
    host one
    host two
    fleet
    exits 1
    is "$(lines_of | head -n 1)" 'one loses 00:09.0 Intel 82576 Gigabit Network Connection: stays with the host; now 4 made of it, by nic' lines
    here nic '[Match]' Address=00:09.0 '[SR-IOV]' VirtualFunctions=2
    fleet --json
    exits 1
    is "$(get '.hosts[1].changes[0] | "\(.way) \(.before.makes) \(.after.makes)"')" 'loses 4 2' change
    here nic '[Match]' Address=00:09.0 '[SR-IOV]' VirtualFunctions=6
    fleet
    exits 0
    has 'one gains 00:09.0'
}

@test "a machine that is given twice over, operations of many, and machines without --against" {
    run --separate-stderr "$BUILD/passthroughctl" plan --root="$HERE" --against="$ROOT" --against="$ROOT"
    has '2 hosts:'
    run --separate-stderr "$BUILD/passthroughctl" plan --root="$HERE" --steps --against "$ROOT" "$ROOT"
    exits 2
    has '--steps is of one machine'
    run --separate-stderr "$BUILD/passthroughctl" plan --root="$HERE" "$ROOT"
    exits 2
}

@test "a capture with other serial numbers than its machine: rules that name one are no proof, and that is said" {
    root_port 0000:00:09.0 09
    pci_add 0000:09:00.0 1234:11e8 00ff under=0000:00:09.0 group=40 driver=edu serial=3c-ec-ef-ff-ff-12-34-56
    rule first '[Match]' Serial=3c-ec-ef-ff-ff-12-34-56
    here first '[Match]' Serial=3c-ec-ef-ff-ff-12-34-56
    ctl capture --raw /raw
    ctl capture /replaced
    mv "$ROOT/raw" "$ROOT/replaced" "$BATS_TEST_TMPDIR/"
    FLEET=("$BATS_TEST_TMPDIR/raw" "$BATS_TEST_TMPDIR/raw")
    fleet
    exits 0
    has '2 hosts: 2 unchanged'
    is "$stderr" '' 'what is said of captures with their own numbers'
    FLEET=("$BATS_TEST_TMPDIR/raw" "$BATS_TEST_TMPDIR/replaced")
    fleet
    exits 1
    has 'in 1 of them serial numbers and the machine ID are replaced' 'capture --raw keeps them' 'replaced loses 09:00.0'
    ROOT=$BATS_TEST_TMPDIR/replaced
    against
    has 'replaced: serial numbers and the machine ID are replaced there'
}
