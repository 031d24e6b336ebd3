#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Stage=demand for what is no PCI device: USB devices and serial ports, which udev claims, and mediated devices, which are made. iov.so has
# the part of the kernel and of udev: what udev is asked for it asks passthrough for, as its rules say, and keeps the answer.

load product
load tree
load tree-usb
load tree-tty
load tree-guard
load iov
load tree-vgpu

setup() {
    local uevent
    tree_again demand-others && return
    tree_new
    pci_add 0000:00:14.0 8086:a36d 0c0330 group=5 driver=xhci_hcd
    usb_controller 0000:00:14.0 1 2
    usb_add 1-2 0951:1666 class=08 serial=AA01 driver=usb-storage
    usb_add 1-3 0951:1666 class=08 serial=AA02 driver=usb-storage
    board_ports ttyS1 00:05
    put /etc/machine-id 0123456789abcdef0123456789abcdef
    process 1 systemd
    mtty_parent
    rule stick '[Match]' Bus=usb Serial=AA01 '[Device]' Stage=demand
    rule com1 '[Match]' Bus=tty Port=ttyS1 '[Device]' Stage=demand
    vgpus Type=mtty-2 UUID="$A $B" '[Device]' Stage=demand
    for uevent in "$(usb_file 1-2 uevent)" "$(tty_file ttyS1 uevent)"; do cp "$uevent" "$uevent.kept"; done
    tree_keep demand-others
}

A=83b8f4f2-509f-382f-3c1e-e6bfe0fa1001 B=83b8f4f2-509f-382f-3c1e-e6bfe0fa1002 C=83b8f4f2-509f-382f-3c1e-e6bfe0fa1003
FIRST=/run/udev/rules.d/10-passthrough-claims.rules

# kernel LINE...: what it does, and udev; in bash, see iov_kernel.
kernel() {
    # shellcheck disable=SC2016 # for bash, later
    iov_mediated "$@" 'count='"$BATS_TEST_TMPDIR/count"' kill='"$BATS_TEST_TMPDIR/kill"'
        if [[ $when == after && -e $kill ]]; then
            n=$(($(cat "$count" 2>/dev/null) + 1))
            echo $n >"$count"
            # Whoever has written it, be that a child, and before that who waits for that one and would see it die.
            [[ $n != "$(<"$kill")" ]] || trap "kill -9 $(ps -o ppid= -p $PPID) $PPID" EXIT
        fi
        if at after uevent add && [[ $path == */usb*/[0-9]-[0-9]/uevent || $path == */tty/tty*/uevent ]]; then
            db=$root/run/udev/data/c$(<"$root${path%/uevent}/dev")
            mkdir -p "${db%/*}" && echo I:1000000 >"$db"
            [[ ! -e $root'"$FIRST"' ]] ||
                LD_PRELOAD= "'"$BUILD"'/passthrough-demand" --root="$root" --claim="$(basename "${path%/uevent}")" | sed s/^/E:/ >>"$db"
            echo V:1 >>"$db"
            # What is written there is not what is read there.
            cat "$root$path.kept" >"$root$path"
        elif at after unbind "*"; then
            rm "$(realpath "$root/sys/bus/usb/devices/$value")/driver"
        elif at after drivers_probe "*"; then
            ln -sfnr "$root/sys/bus/usb/drivers/usb-storage" "$(realpath "$root/sys/bus/usb/devices/$value")/driver"
        fi'
}

on() { # on PROGRAM ARGUMENT...: with that kernel
    with_iov "$BUILD/$1" --root="$ROOT" "${@:2}"
}
start() {
    if [[ $1 == 60-vgpu ]]; then on passthrough-vgpu --demand 60-vgpu; else on passthrough-bind --rule="$1"; fi
}
stop() { on passthrough-demand --give-back="$1"; }

claimed() { sed -n 's/^E:PASSTHROUGH_RULE=//p' "$ROOT/run/udev/data/c$1" 2>/dev/null; }
stick_has() { # stick_has DRIVER|none RULE WHEN
    local driver
    driver=$(readlink "$(usb_file 1-2 1-2:1.0)/driver") || true
    is "$(basename "${driver:-none}")" "$1" "$3: driver" && is "$(claimed "$(<"$(usb_file 1-2 dev)")")" "$2" "$3: claimed"
}
made() { find "$ROOT/sys/bus/mdev/devices" -mindepth 1 -printf '%f\n' | LC_ALL=C sort | paste -sd' '; }
is_now() { # is_now RULE STATE
    ctl status --json
    is "$(get ".rules[] | select(.name == \"$1\").state")" "$2" "state of $1"
}
nothing_held() { # nothing_held WHEN: nor does anything lead to a device
    ! grep -q 'stick\|com1\|vgpu\|demand' "$ROOT/run/passthrough/record" || { cat "$ROOT/run/passthrough/record" && return 1; }
    is "$(find "$ROOT/run/passthrough/devices" "$ROOT/dev/passthrough" -type l 2>/dev/null)" '' "$1: links"
}

# --- in a boot

@test "no boot takes any of them, and the plan has them on demand" {
    local rule
    plan
    exits 0
    is "$(get '[.devices[] | select(.rule) | "\(.address) \(.action) \(.stage)"] | sort | join(", ")')" \
        "1-2 bind demand, $A bind demand, $B bind demand, mtty keep demand, ttyS1 bind demand" devices
    is "$(get '.operations[].target')" '' operations
    kernel
    on passthrough-bind --stage=udev
    exits 0
    [[ ! -e $ROOT$FIRST ]]
    on passthrough-vgpu 60-vgpu
    exits 0
    is "$(made)" '' 'what its service of a boot makes'
    for rule in stick com1 60-vgpu; do is_now $rule idle; done
    ctl status
    exits 0
    has '3 rules idle'
}

@test "an image claims none of them, nor for a later rule" {
    rule zz-all '[Match]' Bus=usb ID=0951:1666 '[Device]' Expect=0-
    mkdir "$BATS_TEST_TMPDIR/image"
    ctl image "$BATS_TEST_TMPDIR/image"
    exits 0
    is "$(grep -rh 'PASSTHROUGH_RULE}="' "$BATS_TEST_TMPDIR/image/usr/lib/passthrough/claims" | grep -o 'RULE}="[^"]*"' | sort -u)" 'RULE}="zz-all"' claims
    grep -q 'ATTR{serial}=="AA02"' -r "$BATS_TEST_TMPDIR/image/usr/lib/passthrough/claims"
    ! grep -q 'ENV{PASSTHROUGH_RULE}.*AA01' -r "$BATS_TEST_TMPDIR/image/usr/lib/passthrough/claims" || return 1
}

@test "the units: nothing makes them, no login is held back, and the service has what it takes" {
    local units=$BATS_TEST_TMPDIR/units
    mkdir "$units" "$units"/{normal,early,late}
    run_program "$BUILD/passthrough-generator" --root="$ROOT" "$units"/{normal,early,late}
    exits 0
    is "$(find "$units" -name '*vgpu@*' -o -name '*vgpu-functions@*')" '' 'services that make virtual GPUs'
    is "$(find "$units/early" -mindepth 1)" '' 'masks'
    grep -qx 'ExecStart=/usr/lib/passthrough/passthrough-vgpu --demand %i' "$units/normal/passthrough@60-vgpu.service.d/50-passthrough-demand.conf"
    ! grep -q ExecStart= "$units/normal/passthrough@stick.service.d/50-passthrough-demand.conf" || return 1
    on passthrough-bind --stage=udev
    ! grep -rsq 'passthrough-vgpu' "$ROOT/run/udev/rules.d" || return 1
}

# --- the service

@test "a stick goes to the rule and back, and udev has the rule as long as it is started" {
    local round
    kernel
    for round in 1 2 3; do
        start stick
        exits 0
        stick_has none stick "$round, started"
        is_now stick ok
        is "$(get '.devices[] | select(.rule == "stick") | "\(.address) \(.state) \(.from)"')" '1-2 late usb-storage' device
        grep -q AA01 "$ROOT$FIRST"
        start stick
        exits 0
        stop stick
        exits 0
        stick_has usb-storage '' "$round, stopped"
        [[ ! -e $ROOT$FIRST ]]
        is_now stick idle
        nothing_held "$round"
    done
}

@test "what comes while it is started is claimed, and what comes while it is not is the host's" {
    ask() { run timeout 20 "$BUILD/passthrough-demand" --root="$ROOT" --claim="$1"; }
    kernel
    ask 1-2
    is "$output" '' 'before it is started'
    start stick
    usb_remove 1-2
    usb_add 1-4 0951:1666 class=08 serial=AA01 driver=usb-storage
    ask 1-4
    is "${lines[0]}" PASSTHROUGH_RULE=stick 'while it is started'
    usb_claimed 1-4 stick
    on passthrough-bind --hotplug=1-4
    exits 0
    is_now stick ok
    stop stick
    exits 0
    ask 1-4
    is "$output" '' 'once it is stopped'
    is "$(claimed "$(<"$(usb_file 1-4 dev)")")" '' 'claimed'
    usb_remove 1-4
    usb_add 1-2 0951:1666 class=08 serial=AA01 driver=usb-storage
    on passthrough-bind --hotplug=1-2
    is_now stick idle
    nothing_held 'after it appeared'
}

@test "a stick that udev does not give, or that is in use, stays with the host" {
    kernel 'exit 0'
    start stick
    exits 1
    has 'udev has not taken it for rule stick'
    [[ ! -e $ROOT$FIRST ]]
    is_now stick idle
    nothing_held 'not given'
    kernel
    usb_disk sdb 8:16 1-2
    mounted sdb /mnt/files ext4
    start stick
    exits 1
    has '1-2 refused' /mnt/files
    nothing_held 'in use'
}

@test "a stick that a virtual machine has open stays with it" {
    kernel
    start stick
    process 77 qemu-system-x86 "/dev/bus/usb/001/$(printf %03d "$(<"$(usb_file 1-2 devnum)")")"
    stop stick
    exits 1
    has '1-2 not given back: in use:' 'qemu-system-x86 (PID 77)'
    stick_has none stick 'while it is open'
    is_now stick ok
    rm -rf "$ROOT/proc/77"
    stop stick
    exits 0
    stick_has usb-storage '' 'once it is closed'
}

@test "a stick whose rule is edited while it is started stays claimed, and its service takes no other" {
    ask() { run timeout 20 "$BUILD/passthrough-demand" --root="$ROOT" --claim="$1"; }
    kernel
    start stick
    exits 0
    rule stick '[Match]' Bus=usb ID=0951:1666 '[Device]' Stage=demand Expect=2
    ask 1-2
    is "${lines[0]}" PASSTHROUGH_RULE=stick 'what it holds'
    ask 1-3
    is "$output" '' 'another one'
    start com1
    exits 0
    grep -q '0*951.*1666.*passthrough_claims_ask' "$ROOT$FIRST"
    stop stick
    exits 0
    ask 1-2
    is "$output" '' 'once it is stopped'
    stop com1
    [[ ! -e $ROOT$FIRST ]]
}

@test "nothing of a rule that is gone while it is started is left in udev's rules" {
    kernel
    start stick
    exits 0
    rm "$ROOT/etc/passthrough.d/stick.conf"
    stop stick
    exits 0
    stick_has usb-storage '' stopped
    [[ ! -e $ROOT$FIRST ]]
    nothing_held stopped
}

@test "a serial port goes to the rule and back" {
    kernel
    start com1
    exits 0
    is "$(claimed 4:65)" com1 claimed
    is_now com1 ok
    stop com1
    exits 0
    is "$(claimed 4:65)" '' 'claimed once it is stopped'
    is_now com1 idle
    nothing_held stopped
    process 5 agetty /dev/ttyS1
    start com1
    exits 1
    has 'ttyS1 refused: in use:' 'agetty (PID 5)'
}

@test "mediated devices are made when it starts, and gone when it stops" {
    local round
    kernel
    for round in 1 2 3; do
        start 60-vgpu
        exits 0
        is "$(made)" "$A $B" "$round, made"
        is_now 60-vgpu ok
        is "$(find "$ROOT/dev/passthrough/60-vgpu.d" -type l -printf '%f\n' | sort | xargs)" '0 1' links
        start 60-vgpu
        exits 0
        stop 60-vgpu
        exits 0
        is "$(made)" '' "$round, stopped"
        is_now 60-vgpu idle
        nothing_held "$round"
    done
}

@test "where one mediated device cannot be made, none is left" {
    # shellcheck disable=SC2016 # for bash, later
    kernel '! at before create '$B' || exit 22'
    start 60-vgpu
    exits 1
    has "$B" 'Invalid argument'
    is "$(made)" '' made
    is_now 60-vgpu idle
    nothing_held 'after it failed'
    rm "$ROOT/sys/devices/virtual/mtty/mtty/mdev_supported_types/mtty-2/available_instances"
    put /sys/devices/virtual/mtty/mtty/mdev_supported_types/mtty-2/available_instances 1
    kernel
    start 60-vgpu
    exits 1
    is "$(made)" '' 'where there is no room for both'
    nothing_held 'without room'
}

@test "a mediated device that somebody else has made is neither taken nor removed" {
    add_mdev $A devices/virtual/mtty/mtty mtty-2 vfio_mtty 900
    kernel
    start 60-vgpu
    exits 1
    has "60-vgpu: $A is a virtual GPU that somebody else has made"
    is "$(made)" "$A" made
    stop 60-vgpu
    exits 0
    is "$(made)" "$A" 'after a stop'
    is_now 60-vgpu idle
    rm -r "$ROOT/sys/devices/virtual/mtty/mtty/$A" "$ROOT/sys/bus/mdev/devices/$A"
    start 60-vgpu
    exits 0
    is "$(made)" "$A $B" 'once it is gone'
}

@test "a mediated device that a virtual machine has open keeps all of the rule" {
    kernel
    start 60-vgpu
    process 77 qemu-system-x86 /dev/vfio/501
    stop 60-vgpu
    exits 1
    has "$A not removed: in use: qemu-system-x86 (PID 77)"
    is "$(made)" "$A $B" 'while one is open'
    rm -rf "$ROOT/proc/77"
    stop 60-vgpu
    exits 0
    is "$(made)" '' 'once it is closed'
}

@test "killed at any write, the next stop or start brings it to one or the other" {
    local rule verb n
    kernel
    for rule in stick 60-vgpu; do
        for verb in start stop; do
            [[ $verb == start ]] || { start $rule && exits 0; }
            cp -a "$ROOT" "$BATS_TEST_TMPDIR/before"
            for ((n = 1; ; n++)); do
                rm -rf "$ROOT" && cp -a "$BATS_TEST_TMPDIR/before" "$ROOT"
                rm -f "$BATS_TEST_TMPDIR/count" && echo $n >"$BATS_TEST_TMPDIR/kill"
                "$verb" $rule
                rm "$BATS_TEST_TMPDIR/kill"
                [[ $status == 137 ]] || break
                cp -a "$ROOT" "$BATS_TEST_TMPDIR/cut"
                stop $rule
                exits 0 || { echo "$rule: $verb killed at $n, stopped" && return 1; }
                is "$(made)" '' "$rule: $verb killed at $n, stopped" && stick_has usb-storage '' "$rule: $verb killed at $n, stopped"
                nothing_held "$rule: $verb killed at $n, stopped"
                rm -rf "$ROOT" && mv "$BATS_TEST_TMPDIR/cut" "$ROOT"
                start $rule
                exits 0 || { echo "$rule: $verb killed at $n, started" && return 1; }
                is_now $rule ok
                stop $rule
                nothing_held "$rule: $verb killed at $n, started and stopped"
            done
            ((n > 2)) || { echo "$rule: $verb has $n writes" && return 1; }
            rm -rf "$ROOT" "$BATS_TEST_TMPDIR/cut" && mv "$BATS_TEST_TMPDIR/before" "$ROOT"
            [[ $verb == start ]] || stop $rule
        done
    done
}
