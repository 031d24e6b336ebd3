# SPDX-License-Identifier: GPL-2.0-or-later
# Virtual GPUs are made: each fault ends within its bound, in a state that names it, and what can be made is. iov.so has the kernel's part;
# what it answers is a script of the test. NVIDIA's program is one, too.

load product
load tree
load live
load iov
load tree-vgpu

setup() {
    tree_again vgpu-act && return
    tree_new
    put /etc/machine-id 0123456789abcdef0123456789abcdef
    mkdir -p "$ROOT"/run/passthrough
    process 1 systemd
    tree_keep vgpu-act
}

kernel() { iov_mediated "$@"; }

# with_kernel PROGRAM ARG...: on the tree.
with_kernel() {
    with_iov "$BUILD/$1" --root="$ROOT" "${@:2}"
}

make_gpus() {
    with_kernel passthrough-vgpu "$@" 60-vgpu
}

# rule_ends STATE REGEX: what status says of the rule.
rule_ends() {
    ctl status --json
    rule_is 60-vgpu "$1" && rule_says 60-vgpu "$2"
}

# made: the mediated devices there are, sorted. links: the rule's, without directories, with what each leads to.
made() {
    find "$ROOT/sys/bus/mdev/devices" -mindepth 1 -printf '%f\n' | LC_ALL=C sort | paste -sd' '
}

links() {
    (cd "$ROOT/dev/passthrough" && find . -type l -printf '%P=%l\n') | sed 's,=.*/vfio/,=,' | sort | paste -sd' '
}

A=83b8f4f2-509f-382f-3c1e-e6bfe0fa1001 B=83b8f4f2-509f-382f-3c1e-e6bfe0fa1002

# two LINE...: two mediated devices of mtty, with UUIDs that the tests know.
two() {
    mtty_parent
    vgpus Type=mtty-2 UUID="$A $B" "$@"
}

@test "two are made, recorded with their way back, and have nodes and links by position; a second run changes nothing" {
    two
    kernel
    make_gpus
    exits 0
    is "$(made)" "$A $B" made
    is "$(links)" '60-vgpu.d/0=501 60-vgpu.d/1=502' links
    rule_ends ok '^$'
    is "$(get '[.devices[] | select(.rule == "60-vgpu" and .state == "bound").address] | join(" ")')" "$A $B" bound
    cp "$BATS_TEST_TMPDIR/kernel" "$BATS_TEST_TMPDIR/kernel.old"
    kernel 'exit 5'
    make_gpus
    exits 0
    run --separate-stderr "$BUILD/passthrough-bind" --root="$ROOT" --rule=60-vgpu
    exits 0
}

@test "a single one has the rule's own name" {
    mtty_parent
    vgpus Type=mtty-1
    kernel
    make_gpus
    exits 0
    is "$(links)" '60-vgpu=501' links
}

@test "after the module was loaded anew they are made again, with the same UUIDs, and links lead to their new groups" {
    mtty_parent
    vgpus Type=mtty-2 Count=2
    kernel
    make_gpus
    exits 0
    local -a before
    read -ra before <<<"$(made)"
    rm -r "$ROOT/sys/devices/virtual/mtty/mtty/${before[0]}" "$ROOT/sys/bus/mdev/devices/${before[0]}"
    rm -r "$ROOT/sys/devices/virtual/mtty/mtty/${before[1]}" "$ROOT/sys/bus/mdev/devices/${before[1]}"
    add_mdev "$A" devices/virtual/mtty/mtty mtty-1 vfio_mtty 900
    add_mdev "$B" devices/virtual/mtty/mtty mtty-1 vfio_mtty 901
    make_gpus
    exits 0
    is "$(made)" "$(sorted "${before[@]}" "$A" "$B")" made
    is "$(links)" '60-vgpu.d/0=503 60-vgpu.d/1=504' links
}

@test "what the kernel says of one is the rule's message, and the other is made and handed over" {
    two
    kernel "if at before create $A; then exit 28; fi"
    make_gpus
    exits 1
    is "$(made)" "$B" made
    is "$(links)" '60-vgpu.d/1=501' links
    rule_ends failed "mtty: /sys/devices/virtual/mtty/mtty/mdev_supported_types/mtty-2/create=$A: there is no room for one more$"
    kernel "if at before create $A; then exit 17; fi"
    make_gpus
    rule_ends failed 'there is a mediated device with this UUID already$'
    kernel "if at before create $A; then exit 19; fi"
    make_gpus
    rule_ends failed 'its driver goes away, or does not take it; the kernel log may say why$'
}

@test "success without a device is not believed" {
    two
    kernel "if at after create $A; then exit 0; fi"
    make_gpus
    exits 1
    rule_ends failed "create=$A: its driver takes that, and does not do it$"
    is "$(links)" '60-vgpu.d/1=501' links
}

@test "a type that goes away while they are made is named" {
    two
    kernel "if at before create $A; then rm -r \"\$root\${path%/*}\"; exit 2; fi"
    make_gpus
    exits 1
    rule_ends failed 'its driver has no such type any more$'
}

@test "a write that does not come back: it is named, the next one is made by another child, and nothing holds the output or the record" {
    two
    mkfifo "$BATS_TEST_TMPDIR"/{stuck,go,ended}
    kernel "if at before create $A; then" "exec 9>$BATS_TEST_TMPDIR/stuck" 'echo hangs >&9' "read -r line <$BATS_TEST_TMPDIR/go" \
        "echo >$BATS_TEST_TMPDIR/ended" 'exit 4; fi'
    IOV_STUCK=$BATS_TEST_TMPDIR/stuck make_gpus
    exits 1
    is "$(made)" "$B" made
    (($(<"$BATS_TEST_TMPDIR/clock") >= 20 && $(<"$BATS_TEST_TMPDIR/clock") < 35))
    rule_ends failed "create=$A: it has not come back, and may wait for a driver or for a virtual machine$"
    flock -n "$ROOT/run/passthrough/lock" true
    echo >"$BATS_TEST_TMPDIR/go"
    read -r <"$BATS_TEST_TMPDIR/ended"
}

@test "a driver that hangs each write: after three of them no other is tried, and that is named" {
    mtty_parent
    vgpus Type=mtty-1 Count=8
    mkfifo "$BATS_TEST_TMPDIR"/{stuck,go}
    # shellcheck disable=SC2016 # the kernel's
    kernel 'if at before create "*"; then' "exec 9>$BATS_TEST_TMPDIR/stuck" "echo \$\$ >>$BATS_TEST_TMPDIR/pids" 'echo hangs >&9' \
        "read -r line <$BATS_TEST_TMPDIR/go" 'exit 4; fi'
    IOV_STUCK=$BATS_TEST_TMPDIR/stuck make_gpus
    exits 1
    is "$(wc -l <"$BATS_TEST_TMPDIR/pids")" 3 'writes that hang'
    (($(<"$BATS_TEST_TMPDIR/clock") >= 60 && $(<"$BATS_TEST_TMPDIR/clock") < 75))
    rule_ends failed '^mtty: 3 writes have not come back; what else was to be made is not tried$'
    flock -n "$ROOT/run/passthrough/lock" true
    exec 8<>"$BATS_TEST_TMPDIR/go"
    echo $'\n\n' >&8
}

@test "a driver that goes away while one is open: nothing is removed, and the rule says that there is no parent" {
    two
    kernel
    make_gpus
    exits 0
    process 4711 qemu-system-x86 /dev/vfio/501
    rm -r "$ROOT/sys/devices/virtual/mtty/mtty/mdev_supported_types" "$ROOT/sys/class/mdev_bus/mtty"
    make_gpus
    exits 1
    is "$(made)" "$A $B" made
    rule_ends missing '.'
}

@test "one that no driver serves is named" {
    two
    # shellcheck disable=SC2016 # the kernel's
    kernel "if at after create $A; then mkdir -p \"\$root/sys/devices/virtual/mtty/mtty/$A\"; : >\"\$root/sys/devices/virtual/mtty/mtty/$A/remove\"; ln -s ../mdev_supported_types/mtty-2 \"\$root/sys/devices/virtual/mtty/mtty/$A/mdev_type\"; ln -s ../../../devices/virtual/mtty/mtty/$A \"\$root/sys/bus/mdev/devices/$A\"; exit 0; fi"
    make_gpus
    exits 1
    rule_ends failed "^$A has no driver$"
    is "$(links)" '60-vgpu.d/1=502' links
    with_kernel passthroughctl release 60-vgpu
    exits 0
    is "$(made)" '' made
}

@test "a type that is gone since the driver's update: nothing is made or removed, and what there is is named" {
    two
    kernel
    make_gpus
    exits 0
    rm -r "$ROOT/sys/devices/virtual/mtty/mtty/mdev_supported_types/mtty-2"
    rm -r "$ROOT/sys/bus/mdev/devices/$B" "$ROOT/sys/devices/virtual/mtty/mtty/$B"
    make_gpus
    exits 1
    is "$(made)" "$A" made
    rule_ends refused 'mtty: its driver offers no type mtty-2; is Single port serial \(mtty-1\) meant\?'
}

@test "64 take one child for all writes" {
    mtty_parent 64
    vgpus Type=mtty-1 Count=64
    kernel
    IOV_FORKS=$BATS_TEST_TMPDIR/forks make_gpus
    exits 0
    is "$(made | wc -w)" 64 made
    is "$(<"$BATS_TEST_TMPDIR/forks")" 1 forks
}

@test "released by hand they go, and stay away until they are bound by hand" {
    two
    kernel
    make_gpus
    exits 0
    has "60-vgpu: $A is a virtual GPU; its driver is vfio_mtty"
    with_kernel passthroughctl release 60-vgpu --dry-run
    has "60-vgpu: $A would be removed" "60-vgpu: $B would be removed"
    with_kernel passthroughctl release 60-vgpu
    exits 0
    has "60-vgpu: $A removed" "60-vgpu: $B removed"
    has_not 'given back'
    is "$(made)" '' made
    is "$(links)" '' links
    make_gpus
    is "$(made)" '' made
    with_kernel passthroughctl bind 60-vgpu --dry-run
    exits 0
    has '60-vgpu: mtty: would make 2 virtual GPUs'
    is "$(made)" '' made
    with_kernel passthroughctl bind 60-vgpu
    exits 0
    is "$(made)" "$A $B" made
    is "$(links)" '60-vgpu.d/0=501 60-vgpu.d/1=502' links
    rule_ends ok '^$'
}

@test "one that a virtual machine has open is not released, and who has it is named" {
    two
    kernel
    make_gpus
    exits 0
    process 4711 qemu-system-x86 /dev/vfio/501
    with_kernel passthroughctl release 60-vgpu
    exits 1
    has "$A not removed: in use: qemu-system-x86 (PID 4711) has /dev/vfio/501 open"
    is "$(made)" "$A" made
}

@test "a text that changed since, passthrough=off and a kdump kernel make none" {
    two
    kernel
    put /proc/cmdline 'root=/dev/sda1 passthrough=off'
    make_gpus
    exits 1
    put /proc/cmdline 'root=/dev/sda1 elfcorehdr=0x1000'
    make_gpus
    exits 1
    is "$(made)" '' made
    put /proc/cmdline 'root=/dev/sda1'
    make_gpus
    exits 0
    with_kernel passthroughctl release 60-vgpu
    vgpus Type=mtty-2 UUID="$B"
    make_gpus
    exits 1
    has 'its text changed since this boot'
    is "$(made)" '' made
}

@test "a rule that says both never hands the card over, whoever reads it" {
    nvidia_card
    rm "$(pci_file "$CARD" sriov_totalvfs)" "$(pci_file "$CARD" sriov_numvfs)"
    put /etc/passthrough.conf '[Host]' Uplink=none
    kernel
    rule 60-vgpu '[Match]' "$CARD_MATCH" '[Device]' Driver=vfio-pci
    with_kernel passthrough-bind --stage=initrd
    has '0000:41:00.0 failed: vfio-pci did not take it'
    rm -r "$ROOT/run/passthrough"
    rule 60-vgpu '[Match]' "$CARD_MATCH" '[Device]' Driver=vfio-pci '[VirtualGPU]' Type=A40-8Q
    with_kernel passthrough-bind --stage=initrd
    has_not "$CARD"
}

@test "of several parents each has a number, which it keeps" {
    mtty_parent
    mdpy_parent
    rule 60-vgpu '[Match]' Bus=mdev 'Address=mtty mdpy' '[Device]' Expect=2 '[VirtualGPU]' Type=2 Count=1
    mdev_type devices/virtual/mdpy/mdpy mdpy-2 two 4
    kernel
    make_gpus
    exits 0
    local -a uuids
    read -ra uuids <<<"$(made)"
    is "${#uuids[@]}" 2 number
    local first
    first=$(readlink "$ROOT/run/passthrough/devices/60-vgpu.d/0")
    # The first goes and comes again, with another group.
    with_kernel passthroughctl release "${first##*/}"
    exits 0
    with_kernel passthroughctl bind 60-vgpu
    exits 0
    is "$(readlink "$ROOT/run/passthrough/devices/60-vgpu.d/0")" "$first" 'first device'
}

@test "where the rule is gone by now, udev starts the service in vain, and nothing fails" {
    two
    rm "$ROOT/etc/passthrough.d/60-vgpu.conf"
    kernel
    make_gpus
    exits 0
    has '60-vgpu: no rule of that name makes virtual GPUs'
    is "$(made)" '' made
}
