#!/usr/bin/env bats
# What udev claims in an initrd: what an image has for it, when that is put in place, and when it goes away again.

load product
load tree
load tree-users
load tree-usb
load tree-guard
load drivers

setup() {
    tree_again claims-image && return
    tree_new
    firmware_uuid
    pci_add 0000:00:14.0 8086:a36d 0c0330 group=5 driver=xhci_hcd
    usb_controller 0000:00:14.0 1 2
    usb_add 1-2 0951:1666 class=08 serial=AA01
    usb_add 1-3 0951:1666 class=08
    usb_claimed 1-2 10-stick
    usb_claimed 1-3 20-nameless
    rule 10-stick '[Match]' Bus=usb Serial=AA01
    rule 20-nameless '[Match]' Bus=usb Path=0000:00:14.0/3
    tree_keep claims-image
}

CLAIMS=usr/lib/passthrough/claims
FIRST=10-passthrough-claims.rules
LAST=72-passthrough.rules
UDEV=/run/udev/rules.d

# golden NAME FILE: see claims.bats.
golden() {
    [[ ! ${REGENERATE-} ]] || cp "$2" "$BATS_TEST_DIRNAME/claims/$1"
    diff "$BATS_TEST_DIRNAME/claims/$1" "$2"
}

# booted: the machine in its initrd, with what the image has; then what is put in place.
booted() {
    put /etc/initrd-release ID=debian
    rm -rf "$ROOT/run/udev" "$ROOT/proc/self/mountinfo"
    cp -a "$IMAGE/." "$ROOT"
    starts
}

starts() {
    run --separate-stderr timeout 20 env SYSTEMD_IN_INITRD=1 "$BUILD/passthrough-bind" --root="$ROOT" --stage=initrd
}

# in_place: the rules that something may be claimed for.
in_place() {
    [[ ! -e $ROOT$UDEV/$FIRST ]] || sed -n 's/.*ENV{PASSTHROUGH_RULE}="\([^"]*\)".*/\1/p' "$ROOT$UDEV/$FIRST" | paste -sd' '
}

@test "an image has those that are cleared, by their serial numbers and by where they sit" {
    image_built
    golden image-$FIRST "$IMAGE/$CLAIMS/$FIRST"
    golden image-$LAST "$IMAGE/$CLAIMS/$LAST"
    grep '"10-stick"' "$IMAGE/$CLAIMS/$FIRST" | grep 'ATTR{serial}=="AA01"' | grep -q 'DEVPATH=="\*/0000:00:14.0/usb\*/\*-2"'
    grep '"20-nameless"' "$IMAGE/$CLAIMS/$FIRST" | grep -q 'DEVPATH=="\*/0000:00:14.0/usb\*/\*-3", ATTR{speed}=="480"'
    # Nobody can be asked there, and no service waits there.
    is "$(grep -c 'passthrough-demand\|SYSTEMD_WANTS}="p' "$IMAGE/$CLAIMS/$FIRST" "$IMAGE/$CLAIMS/$LAST")" \
        "$IMAGE/$CLAIMS/$FIRST:0"$'\n'"$IMAGE/$CLAIMS/$LAST:0" 'lines for the host'
}

@test "a device that shares its serial number with one that stays the host's is not in the image" {
    usb_add 1-4 0951:1666 class=08 serial=AA01
    rule 10-stick '[Match]' Bus=usb Path=0000:00:14.0/2
    image_built
    ! grep '"10-stick"' "$IMAGE/$CLAIMS/$FIRST"
}

@test "no such rule, or a device that is not cleared: nothing is in the image" {
    rm "$ROOT/etc/passthrough.d/20-nameless.conf"
    usb_bind 1-2 usb-storage
    usb_disk sdb 8:16 1-2
    mounted sdb /srv ext4
    image_built
    [[ ! -e $IMAGE/$CLAIMS ]]
}

@test "the initrd puts them in place before udev starts, and takes nothing of them itself" {
    image_built
    booted
    exits 0
    diff "$IMAGE/$CLAIMS/$FIRST" "$ROOT$UDEV/$FIRST"
    diff "$IMAGE/$CLAIMS/$LAST" "$ROOT$UDEV/$LAST"
    has_not stick nameless missing
}

@test "a rule that is skipped claims nothing there, however often skipping is asked for" {
    image_built
    cmdline passthrough.skip=10_stick passthrough.skip=x
    booted
    is "$(in_place)" 20-nameless 'in place'
    cmdline passthrough.skip=20-nameless
    rm -rf "$ROOT/run/passthrough"
    starts
    is "$(in_place)" '' 'in place'
}

@test "switched off, in a kdump kernel, and on another machine nothing is put in place" {
    image_built
    cmdline passthrough=off
    booted
    [[ ! -e $ROOT$UDEV ]]
    put /proc/cmdline 'root=UUID=1 elfcorehdr=1'
    starts
    [[ ! -e $ROOT$UDEV ]]
    put /proc/cmdline 'root=UUID=1'
    firmware_uuid 4c4c4544-0051-3510-8052-000000000000
    starts
    [[ ! -e $ROOT$UDEV ]]
}

@test "what an earlier rule keeps is kept there, whoever looks the same" {
    rm "$ROOT/etc/passthrough.d/20-nameless.conf"
    rule 05-kept '[Match]' Bus=usb Port=1-4 '[Device]' Driver=native Expect=0-
    image_built
    is "$(grep -m1 -n 'KERNEL=="1-4", GOTO' "$IMAGE/$CLAIMS/$FIRST" | cut -d: -f1)" \
        "$(($(grep -n '"10-stick"' "$IMAGE/$CLAIMS/$FIRST" | cut -d: -f1) - 1))" 'line'
    # Where udev cannot tell what that is, only who sits where it sat is claimed.
    rule 05-kept '[Match]' Bus=usb Class=hid '[Device]' Driver=native Expect=0-
    image_built
    grep '"10-stick"' "$IMAGE/$CLAIMS/$FIRST" | grep 'ATTR{serial}=="AA01"' | grep -q 'DEVPATH=="\*/0000:00:14.0/usb\*/\*-2"'
}

@test "an initrd that finds no root gives them back, and asks for each anew" {
    image_built
    booted
    usb_bind 1-2 usb-storage
    put /sys/class/input/input3/inhibited 1
    run --separate-stderr timeout 100 env SYSTEMD_IN_INITRD=1 DRIVERS_ROOT="$ROOT" HURRY=60 LD_PRELOAD="$BATS_FILE_TMPDIR/drivers.so" \
        ASAN_OPTIONS="${ASAN_OPTIONS-}:verify_asan_link_order=0:detect_leaks=0" "$BUILD/passthrough-bind" --root="$ROOT" --rescue
    exits 0
    [[ ! -e $ROOT$UDEV/$FIRST && ! -e $ROOT$UDEV/$LAST ]]
    is "$(<"$(usb_file 1-2 uevent)") $(<"$ROOT/sys/$(usb_interface 1-2)/uevent")" 'add add' 'asked of udev'
    is "$(<"$ROOT/sys/class/input/input3/inhibited")" 0 inhibited
    has 'udev claims nothing more'
    # And no service of the host takes anything.
    rm "$ROOT/etc/initrd-release"
    usb_claimed 1-2 10-stick
    run timeout 20 "$BUILD/passthrough-demand" --root="$ROOT" --claim=1-2
    is "$output" '' answer
}

@test "the host puts its own in their place, and none where it has no rule any more" {
    image_built
    booted
    rm "$ROOT/etc/initrd-release"
    run timeout 20 "$BUILD/passthrough-bind" --root="$ROOT" --stage=udev
    exits 0
    grep -q passthrough-demand "$ROOT$UDEV/$FIRST"
    rm -f "$ROOT"/etc/passthrough.d/*.conf "$ROOT/run/passthrough/record"
    mkdir -p "$ROOT"/run/{normal,early,late}
    run timeout 20 "$BUILD/passthrough-generator" --root="$ROOT" /run/normal /run/early /run/late
    [[ -L $ROOT/run/normal/sysinit.target.wants/passthrough-udev.service ]]
    run timeout 20 "$BUILD/passthrough-bind" --root="$ROOT" --stage=udev
    exits 0
    [[ ! -e $ROOT$UDEV/$FIRST && ! -e $ROOT$UDEV/$LAST ]]
    rm -r "$ROOT"/run/{normal,early,late} && mkdir -p "$ROOT"/run/{normal,early,late}
    run timeout 20 "$BUILD/passthrough-generator" --root="$ROOT" /run/normal /run/early /run/late
    is "$(ls "$ROOT/run/normal")" '' units
}

@test "the host gives a driver to what the initrd has claimed and no rule takes any more" {
    image_built
    booted
    rm -f "$ROOT/etc/initrd-release" "$ROOT"/etc/passthrough.d/*.conf
    mkdir -p "$ROOT/sys/bus/usb/drivers/usb-storage"
    put /sys/bus/usb/drivers_probe ''
    put /sys/class/input/input3/inhibited 1
    run timeout 20 "$BUILD/passthrough-bind" --root="$ROOT" --stage=udev
    exits 0
    [[ -s $ROOT/sys/bus/usb/drivers_probe ]]
    is "$(<"$ROOT/sys/class/input/input3/inhibited")" 0 inhibited
}

@test "where the host claims others than the initrd, udev has drivers look once at the rest" {
    image_built
    booted
    rm "$ROOT/etc/initrd-release"
    rule 10-stick '[Match]' Bus=usb Serial=AA02
    run timeout 20 "$BUILD/passthrough-bind" --root="$ROOT" --stage=udev
    exits 0
    grep 'ATTR{subsystem/drivers_probe}="$kernel"' "$ROOT$UDEV/$FIRST" | grep -q '^ACTION=="add".*SYNTH_UUID.*TEST!="driver"'
    # Behind what is claimed.
    is "$(grep -o 'GOTO="passthrough_claims_child"\|drivers_probe' "$ROOT$UDEV/$FIRST" | head -2 | paste -sd' ')" \
        'GOTO="passthrough_claims_child" drivers_probe' order
    is "$(<"$ROOT/sys/bus/usb/drivers_probe")" '' 'drivers asked by hand'
    # An initrd of PCI alone has claimed nothing.
    rm -r "$ROOT$UDEV"
    run timeout 20 "$BUILD/passthrough-bind" --root="$ROOT" --stage=udev
    is "$(grep -c drivers_probe "$ROOT$UDEV/$FIRST")" 0 'lines'
}

@test "one of several has its link there once it has its number" {
    rm "$ROOT"/etc/passthrough.d/*
    usb_claimed 1-2 sticks
    usb_claimed 1-3 sticks
    rule sticks '[Match]' Bus=usb ID=0951:1666 '[Device]' Expect=0-
    image_built
    is "$(grep -c '}="sticks"' "$IMAGE/$CLAIMS/$FIRST") $(grep -c passthrough/sticks "$IMAGE/$CLAIMS/$FIRST")" '2 0' 'claims and links'
    [[ ! -e $ROOT/var/lib/passthrough/numbers ]]
    rule none '[Match]' Bus=usb ID=dead:beef '[Device]' Expect=0-
    run "$BUILD/passthrough-bind" --root="$ROOT" --rule=none
    run "$BUILD/passthrough-demand" --root="$ROOT" --claim=1-3
    image_built
    grep '}="sticks"' "$IMAGE/$CLAIMS/$FIRST" | grep 'usb\*/\*-3' | grep -q '"passthrough/sticks.d/0"'
    is "$(grep -c passthrough/sticks "$IMAGE/$CLAIMS/$FIRST")" 1 'links'
}

@test "the bus of its number is the one that says which controller it is on" {
    untraced usb_make usb5 devices/platform/usb-phy/xhci-hcd.0.auto/usb5 1d6b:0002 class=09 device=09 driver=hub devnum=1 ports=4 speed=480
    usb_add 5-2 0951:1667 class=08 serial=AA05
    usb_claimed 5-2 30-board
    rule 30-board '[Match]' Bus=usb Serial=AA05
    image_built
    grep '"30-board"' "$IMAGE/$CLAIMS/$FIRST" | grep -q 'DEVPATH=="\*/xhci-hcd.0.auto/usb\*/\*-2"'
}

@test "an initrd that may ask for a passphrase claims nothing that may be typed on" {
    INPUTS=0
    usb_add 1-1 046d:c31c class=03/01/01 driver=usbhid serial=K1
    input 1 "$(usb_interface 1-1)/0003:046D:C31C.0001"
    usb_add 1-4 046d:c31d class=03/01/01 driver=usbhid
    input 2 "$(usb_interface 1-4)/0003:046D:C31D.0002"
    rule 30-keys '[Match]' Bus=usb ID=046d:c31c
    image_built
    is "$(grep -c '}="30-keys"' "$IMAGE/$CLAIMS/$FIRST")" 1 'without a passphrase'
    put /etc/crypttab "secret UUID=$ROOT_UUID none luks"
    plan
    device 1-1 bind
    image_built
    is "$(grep -c '}="30-keys"' "$IMAGE/$CLAIMS/$FIRST")" 0 'with one'
}

@test "of two that look the same, one of which is the host's, an initrd claims none" {
    usb_add 1-4 0951:1666 class=08
    image_built
    is "$(grep -c '}="10-stick"' "$IMAGE/$CLAIMS/$FIRST") $(grep -c '}="20-nameless"' "$IMAGE/$CLAIMS/$FIRST")" '1 0' claims
}

@test "an image is stale once another device is cleared" {
    image_built
    ctl status --json
    cp -a "$IMAGE" "$IMAGE.first"
    usb_remove 1-2
    usb_remove 1-3
    usb_add 1-2 0951:1667 class=08 serial=AA01
    image_built
    run diff "$IMAGE.first/usr/lib/passthrough/digest" "$IMAGE/usr/lib/passthrough/digest"
    is "$status" 1 'difference'
}
