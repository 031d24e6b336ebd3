#!/usr/bin/env bats
# USB devices and serial ports that udev claims: their services, arrival, bind and release by hand, the record and status. There is no
# udev here: its database is a file, which a test writes for it.

load product
load tree
load tree-usb
load tree-guard
load tree-tty

setup() {
    tree_again usb-bind && return
    tree_new
    pci_add 0000:00:14.0 8086:a36d 0c0330 group=5 driver=xhci_hcd
    usb_controller 0000:00:14.0 1 2
    usb_add 1-2 0951:1666 class=08 serial=AA01
    usb_add 1-3 0951:1666 class=08 serial=AA02
    rule stick '[Match]' Bus=usb Serial=AA01
    tree_keep usb-bind
}

serve() {
    run --separate-stderr timeout 20 "$BUILD/passthrough-bind" --root="$ROOT" --rule="$1"
}

arrives() {
    run --separate-stderr timeout 20 "$BUILD/passthrough-bind" --root="$ROOT" --hotplug="$1"
}

# state_of ADDRESS STATE [FROM]: in status.
state_of() {
    ctl status --json
    is "$(get ".devices[] | select(.address == \"$1\") | .state")" "$2" "state of $1" || return 1
    (($# < 3)) || is "$(get ".devices[] | select(.address == \"$1\") | .from")" "$3" "what $1 was taken from"
}

# lets_go FILE NUMBERS: udev does as it is asked there, and what is written for it is kept.
lets_go() {
    ln -sfn "$(realpath -s --relative-to="$(dirname "$1")" "$ROOT/run/udev/data/c$2")" "$1"
}

# cut_short TEXT COMMAND ARG: it is killed as soon as the record has that.
cut_short() {
    local n
    "${CC:-cc}" -shared -fPIC -O1 -o "$BATS_TEST_TMPDIR/drivers.so" "$BATS_TEST_DIRNAME/drivers.c" -ldl
    cp -a "$ROOT/run" "$BATS_TEST_TMPDIR/run"
    for ((n = 1; n < 40; n++)); do
        rm -rf "$ROOT/run" && cp -a "$BATS_TEST_TMPDIR/run" "$ROOT/run"
        run env DRIVERS_ROOT="$ROOT" LD_PRELOAD="$BATS_TEST_TMPDIR/drivers.so" KILL_AT="a$n" \
            ASAN_OPTIONS="${ASAN_OPTIONS-}:verify_asan_link_order=0:detect_leaks=0" "$BUILD/passthroughctl" "$2" --root="$ROOT" "$3"
        if grep -q "$1" "$ROOT/run/passthrough/record"; then return; fi
    done
    return 1
}

@test "what does not show before the first service is asked for once more" {
    usb_add 1-4 0403:6001 class=ff serial=FT1
    rule adapter '[Match]' Bus=usb Serial=FT1
    serve stick
    : >"$(usb_file 1-4 uevent)"
    : >"$(usb_file 1-2 uevent)"
    serve adapter
    exits 1
    state_of 1-4 refused
    is "$(<"$(usb_file 1-4 uevent)")" add 'event of the adapter'
    is "$(<"$(usb_file 1-2 uevent)")" '' 'event of another one'
}

@test "what udev has claimed by then is bound, and the rule is satisfied" {
    usb_claimed 1-2 stick
    serve stick
    exits 0
    state_of 1-2 bound
    rule_is stick ok
    serve stick
    exits 0
    is "$(readlink "$ROOT/run/passthrough/devices/stick")" "/sys/$(usb_dir 1-2)" 'link to the device'
    # udev makes the link to its node, and takes it away.
    [[ ! -e $ROOT/run/udev/rules.d/72-passthrough-stick.rules ]]
}

@test "udev's links are let alone" {
    usb_claimed 1-2 stick
    mkdir -p "$ROOT/dev/passthrough"
    ln -s ../bus/usb/001/002 "$ROOT/dev/passthrough/stick"
    serve stick
    exits 0
    [[ -L $ROOT/dev/passthrough/stick ]]
    ctl release stick
    [[ -L $ROOT/dev/passthrough/stick ]]
}

@test "a driver that udev has found on it makes it late, and so does one that has it now" {
    usb_claimed 1-2 stick usb-storage
    serve stick
    exits 0
    state_of 1-2 late usb-storage
    rm "$ROOT/run/passthrough/record"
    usb_claimed 1-2 stick
    rm "$ROOT/run/udev/data/+usb:1-2:1.0"
    usb_bind 1-2 uas
    serve stick
    exits 0
    is "$(<"$ROOT/sys/bus/usb/drivers/uas/unbind")" 1-2:1.0 'unbound'
    is "$(<"$(usb_file 1-2 uevent)")" add 'asked of udev'
    has 'stick: 1-2 bound to usbfs, late: uas had it'
}

@test "what udev does not claim is not taken, and is put back" {
    usb_bind 1-2 usb-storage
    serve stick
    exits 1
    has 'udev has not taken it for rule stick'
    is "$(<"$ROOT/sys/bus/usb/drivers_probe")" 1-2:1.0 'offered to drivers of the host'
    state_of 1-2 failed
}

@test "what went away before udev had taken it is missing, and nothing of it stays behind" {
    usb_bind 1-2 usb-storage
    serve stick
    state_of 1-2 failed
    usb_remove 1-2
    ctl status --json
    rule_is stick missing
    is "$(get '.devices | length')" 0 devices
}

@test "it arrives, goes and comes again: elsewhere, and as another" {
    usb_remove 1-2
    serve stick
    exits 1
    usb_add 1-2 0951:1666 class=08 serial=AA01 devnum=9
    usb_claimed 1-2 stick
    arrives 1-2
    exits 0
    state_of 1-2 bound
    arrives 1-2
    exits 0
    usb_remove 1-2
    ctl status --json
    rule_is stick missing
    usb_add 1-4 0951:1666 class=08 serial=AA01 devnum=10
    usb_claimed 1-4 stick
    arrives 1-4
    exits 0
    state_of 1-4 bound
    is "$(get '[.devices[].address] | join(" ")')" 1-4 devices
    rule_is stick ok
    # At the same socket, but not the same.
    usb_remove 1-4
    usb_add 1-4 0951:1666 class=08 serial=AA07 devnum=11
    arrives 1-4
    exits 0
    ctl status --json
    rule_is stick missing
}

@test "one that no rule takes is nobody's business" {
    arrives 1-3
    exits 0
    [[ ! -e $ROOT/run/passthrough/record ]]
    arrives 1-3.4.
    exits 2
}

@test "bind by hand has udev told of a rule that this boot did not have" {
    serve stick
    rule other '[Match]' Bus=usb Serial=AA02
    usb_claimed 1-3 other
    ctl bind other
    exits 0
    has 'other: 1-3'
    grep -q AA02 "$ROOT/run/udev/rules.d/10-passthrough-claims.rules"
    state_of 1-3 bound
}

@test "release has the record say so before udev is asked, and until the next boot" {
    usb_claimed 1-2 stick
    serve stick
    lets_go "$(usb_file 1-2 uevent)" "$(<"$(usb_file 1-2 dev)")"
    ctl release stick
    exits 0
    says 'stick: 1-2 given back to the host'
    is "$(<"$ROOT/run/udev/data/c$(<"$(usb_file 1-2 dev)")")" add 'asked of udev'
    is "$(<"$ROOT/sys/bus/usb/drivers_probe")" 1-2:1.0 'offered to drivers of the host'
    state_of 1-2 skipped
    rule_is stick skipped
    serve stick
    exits 1
    has 'given back by hand'
    arrives 1-2
    exits 1
    # By hand, it is taken again.
    rm "$(usb_file 1-2 uevent)"
    usb_claimed 1-2 stick
    ctl bind stick
    exits 0
    state_of 1-2 bound
}

@test "release: udev is answered that it lets go before it is asked" {
    usb_claimed 1-2 stick
    serve stick
    cut_short 'given back by hand' release stick
    has_not 'Next:'
    [[ $(<"$(usb_file 1-2 uevent)") != add ]]
    run timeout 20 "$BUILD/passthrough-demand" --root="$ROOT" --claim=1-2
    is "$output" '' answer
}

@test "one of two that were given back is taken again by itself" {
    rule stick '[Match]' Bus=usb ID=0951:1666 '[Device]' Expect=2
    usb_claimed 1-2 stick
    usb_claimed 1-3 stick
    serve stick
    exits 0
    lets_go "$(usb_file 1-2 uevent)" "$(<"$(usb_file 1-2 dev)")"
    lets_go "$(usb_file 1-3 uevent)" "$(<"$(usb_file 1-3 dev)")"
    ctl release stick
    exits 0
    # udev asks while bind waits for it.
    cut_short begun bind 1-2
    run timeout 20 "$BUILD/passthrough-demand" --root="$ROOT" --claim=1-2
    is "$output" $'PASSTHROUGH_RULE=stick\nPASSTHROUGH_LINK=passthrough/stick.d/0' answer
    run timeout 20 "$BUILD/passthrough-demand" --root="$ROOT" --claim=1-3
    is "$output" '' answer
}

@test "what nothing shows any more, as bind has unbound its driver, is not held against bind" {
    usb_remove 1-2
    usb_add 1-2 0951:1666 class=08 serial=AA01 driver=usb-storage
    usb_disk sdb 8:16 1-2
    tags sdb TYPE=vfat UUID=5B5B-0001
    put /etc/fstab 'UUID=0b0e7e29-2d3c-4e1e-8e1c-6a2d5f0c9a77 /backup ext4 nofail 0 0'
    cut_short begun bind 1-2
    usb_remove 1-2
    usb_add 1-2 0951:1666 class=08 serial=AA01
    run timeout 20 "$BUILD/passthrough-demand" --root="$ROOT" --claim=1-2
    is "${lines[0]}" PASSTHROUGH_RULE=stick 'answer to bind'
    rm "$ROOT/run/passthrough/record"
    run timeout 20 "$BUILD/passthrough-demand" --root="$ROOT" --claim=1-2
    is "$output" '' 'answer to nobody'
}

@test "release is refused while a process has the device open" {
    usb_claimed 1-2 stick
    serve stick
    process 77 qemu-system-x86 "/dev/bus/usb/001/$(printf %03d "$(<"$(usb_file 1-2 devnum)")")"
    ctl release stick
    exits 1
    says '1-2 not given back: in use: .*qemu-system-x86'
    [[ $(<"$(usb_file 1-2 uevent)") != add ]]
    state_of 1-2 bound
    # It is udev's to keep, whoever has it.
    run timeout 20 "$BUILD/passthrough-demand" --root="$ROOT" --claim=1-2
    is "${lines[0]}" PASSTHROUGH_RULE=stick answer
}

@test "release fails where udev keeps it, and says so" {
    usb_claimed 1-2 stick
    serve stick
    ctl release stick
    exits 1
    has 'udev still has it for a rule'
    state_of 1-2 failed
}

@test "a serial port is handed over as it is: no driver lets go of it, and none has it" {
    board_ports ttyS1 00:05
    rule com1 '[Match]' Bus=tty Port=ttyS1
    tty_claimed ttyS1 com1
    add_line /run/udev/data/c4:65 E:PASSTHROUGH_FROM=serial8250
    serve com1
    exits 0
    has 'com1: ttyS1 handed over by udev'
    state_of ttyS1 bound
    is "$(readlink "$ROOT/run/passthrough/devices/com1")" "$(readlink "$ROOT/sys/class/tty/ttyS1" | sed 's,^../..,/sys,')" 'link to the device'
    lets_go "$(tty_file ttyS1 uevent)" 4:65
    ctl release com1
    exits 0
    says 'com1: ttyS1 given back to the host'
    state_of ttyS1 skipped
}

@test "a rule for USB or for ports asks for no IOMMU, no module and no token" {
    put /proc/cpuinfo 'vendor_id : GenuineIntel'
    ctl cmdline --json
    is "$(get '.tokens | length')" 0 tokens
    run "$BUILD/passthroughctl" image --modules --root="$ROOT"
    is "$output" '' modules
    # One for PCI beside it does.
    rule gpu0 '[Match]' ID=1002:5159
    ctl cmdline --json
    (($(get '.tokens | length') > 0))
    run "$BUILD/passthroughctl" image --modules --root="$ROOT"
    is "$(sort <<<"$output" | paste -sd' ')" 'vfio-pci vfio_iommu_type1' modules
}
