# What is known of USB devices, and what the words of [Match] make of it: which socket, class and serial number they have. See usb-plan.bats.

load product
load tree
load tree-guard
load tree-usb

setup() {
    tree_again usb && return
    tree_new
    pci_add 0000:00:14.0 8086:a0ed 0c0330 group=5 driver=xhci_hcd
    usb_controller 0000:00:14.0 1 2
    tree_keep usb
}

# about ADDRESS FILTER: of that device in list's document.
about() {
    ctl list --json
    exits 0 || return 1
    get ".devices[] | select(.address == \"$1\") | $2"
}

# matched_usb EXPECTED LINE...: what a rule of this bus with these lines decides.
matched_usb() {
    rule probe '[Match]' Bus=usb "${@:2}" '[Device]' Driver=native Expect=0-
    plan
    exits 0 || return 1
    is "$(get '[.devices[] | select(.rule == "probe").address] | sort[]')" "$1" "matched by ${*:2}" || return 1
    rm "$ROOT/etc/passthrough.d/probe.conf"
}

# path_is ADDRESS PATH: the one spelling, and a rule with it means that device alone.
path_is() {
    is "$(about "$1" .path)" "$2" "path of $1" && matched_usb "$1" "Path=$2"
}

# --- sockets

@test "Path= is the socket: the USB 2 port and its USB 3 peer are one" {
    usb_add 1-2 0951:1666 class=08/06/50
    path_is 1-2 0000:00:14.0/2
    usb_remove 1-2
    usb_add 2-2 0951:1666 class=08/06/50 speed=5000
    path_is 2-2 0000:00:14.0/2
}

@test "a socket whose two ports have other numbers goes by that of USB 2" {
    usb_no_peers usb2-port1
    usb_no_peers usb1-port3
    usb_peers usb1-port3 usb2-port1
    usb_add 2-1 0951:1666 speed=5000
    path_is 2-1 0000:00:14.0/3
    usb_add 1-1 0951:1667
    path_is 1-1 0000:00:14.0/1
}

@test "a USB 3 port without a peer is a socket of its own" {
    usb_no_peers usb2-port1
    usb_add 2-1 0951:1666 speed=5000
    usb_add 1-1 0951:1667
    path_is 2-1 0000:00:14.0/usb3:1
    path_is 1-1 0000:00:14.0/1
}

@test "where no port has a peer, the two halves are never taken for one socket" {
    usb_remove usb1
    usb_remove usb2
    usb_controller 0000:00:14.0 1 2 peers=no
    usb_add 2-1 0951:1666 speed=5000
    usb_add 1-1 0951:1667
    path_is 2-1 0000:00:14.0/usb3:1
    path_is 1-1 0000:00:14.0/1
}

@test "behind a hub for both, which is there twice, a socket is one as well" {
    usb_add 1-2 05e3:0610 class=09 device=09 driver=hub ports=4
    usb_add 2-2 05e3:0620 class=09 device=09 driver=hub ports=4 speed=5000
    usb_peers 1-2-port3 2-2-port3
    usb_peers 1-2-port4 2-2-port1
    usb_add 2-2.3 0951:1666 speed=5000
    path_is 2-2.3 0000:00:14.0/2.3
    usb_add 2-2.1 0951:1667 speed=5000
    path_is 2-2.1 0000:00:14.0/2.4
    usb_remove 2-2.3
    usb_add 1-2.3 0951:1666
    path_is 1-2.3 0000:00:14.0/2.3
}

@test "a socket is the same at the device's own event, before the kernel has linked the device to its port" {
    usb_add 1-2 05e3:0610 class=09 device=09 driver=hub ports=4
    usb_add 2-2 05e3:0620 class=09 device=09 driver=hub ports=4 speed=5000
    usb_peers 1-2-port4 2-2-port1
    usb_peers 1-2-port1 2-2-port4
    usb_add 2-2.1 0951:1666 speed=5000
    usb_add 2-3 0951:1667 speed=5000
    rm "$(usb_file 2-2.1 port)" "$(usb_file 2-3 port)"
    path_is 2-2.1 0000:00:14.0/2.4
    path_is 2-3 0000:00:14.0/3
}

@test "a device whose directory is not where its name says does no harm" {
    untraced usb_make 2-1.1.1.1.1.1.1 "$(usb_dir usb2)/2-1.1.1.1.1.1.1" 0951:1666 speed=5000
    path_is 2-1.1.1.1.1.1.1 0000:00:14.0/usb3:1.1.1.1.1.1.1
}

@test "behind a hub of which the half for USB 2 is not there yet, the port of equal number counts" {
    usb_no_peers usb2-port1
    usb_no_peers usb1-port2
    usb_peers usb1-port2 usb2-port1
    usb_add 2-1 05e3:0620 class=09 device=09 driver=hub ports=4 speed=5000
    usb_add 2-1.3 0951:1666 speed=5000
    path_is 2-1.3 0000:00:14.0/2.3
}

@test "behind a hub in a socket of USB 3 alone it is one of USB 3, too" {
    usb_no_peers usb2-port4
    usb_add 2-4 05e3:0620 class=09 device=09 driver=hub ports=4 speed=5000
    usb_add 2-4.1 0951:1666 speed=5000
    path_is 2-4.1 0000:00:14.0/usb3:4.1
}

@test "another bus number leaves the socket as it is; Port= does not, and warns" {
    usb_add 1-2 0951:1666
    usb_remove usb1
    usb_remove usb2
    usb_controller 0000:00:14.0 3 4
    usb_add 3-2 0951:1666
    path_is 3-2 0000:00:14.0/2
    rule probe '[Match]' Bus=usb Port=3-2 '[Device]' Driver=native
    plan
    exits 0
    is "$stderr" '/etc/passthrough.d/probe.conf:3: warning: Port=3-2: bus numbers may be others in the next boot; Path= names the socket' warning
    is "$(get '.devices[].address')" 3-2 devices
}

@test "a controller goes by its name as it is where it is not on PCI, with a colon in it, as ACPI has them, or without" {
    local name
    for name in PNP0D10:00 808622B7:00 80860F35:01 a8000000.dwc3 XHCI.0.auto; do
        untraced usb_make usb7 "devices/platform/$name/usb7" 1d6b:0002 class=09 device=09 driver=hub devnum=1 ports=2
        usb_add 7-2 0951:1666
        path_is 7-2 "$name/2" || return 1
        usb_remove 7-2
        usb_remove usb7
    done
}

@test "a controller's address may be written as PCI's are" {
    usb_add 1-2 0951:1666
    matched_usb 1-2 Path=00:14.0/2
    matched_usb '' Path=00:14.0/3
    matched_usb '' Path=00:14.0/usb3:2
}

@test "a root hub that does not say how fast it is has sockets that are told from all others" {
    rm "$(usb_file usb1 speed)"
    usb_add 1-2 0951:1666
    path_is 1-2 0000:00:14.0/2 # its peer names it
    usb_no_peers usb1-port3
    usb_add 1-3 0951:1667
    path_is 1-3 0000:00:14.0/usb3:3
}

@test "a controller that is not on PCI goes by its name" {
    put /sys/devices/platform/soc/fe800000.usb/driver_override ''
    untraced usb_make usb7 devices/platform/soc/fe800000.usb/usb7 1d6b:0002 class=09 device=09 driver=hub devnum=1 ports=2
    usb_add 7-1 0951:1666
    path_is 7-1 fe800000.usb/1
}

@test "a controller behind another one on USB is the nearest" {
    usb_add 1-2 0cf3:1234 class=ff
    untraced usb_make usb9 "$(usb_interface 1-2)/u132_hcd/usb9" 1d6b:0001 class=09 device=09 driver=hub devnum=1 ports=2 speed=12
    usb_add 9-1 0951:1666
    path_is 9-1 u132_hcd/1
    path_is 1-2 0000:00:14.0/2
}

# --- what a device is

@test "Class= is that of any interface, of any configuration, before there are interfaces" {
    usb_add 1-1 0951:1666 class=08/06/50 driver=usb-storage
    usb_add 1-2 046d:c31c class=03/01/01,03
    usb_add 1-3 0bda:8153 class=ff other=02/06,0a
    usb_add 1-4 1234:0001 class=01,03,08 authorized=0
    matched_usb '1-1 1-4' Class=storage
    matched_usb '1-2 1-4' Class=hid
    matched_usb '1-3' Class=serial
    matched_usb '1-3' Class=0a
    matched_usb '1-4' Class=audio Class=video
    matched_usb '1-1 1-3' 'Class=!hid'
}

@test "without descriptors the interfaces count; without those nothing is known, and no Class= means it" {
    usb_add 1-1 0951:1666 class=08/06/50 descriptors=no
    usb_add 1-2 0951:1667 class=08/06/50 descriptors=no authorized=0
    matched_usb 1-1 Class=storage
    matched_usb 1-1 'Class=!hid'
    is "$(about 1-2 .class)" 00 class
}

@test "descriptors that make no sense are none" {
    usb_add 1-1 0951:1666 class=08/06/50
    printf '\x12\x01\x00\x02\x00\x00\x00\x40\x51\x09\x66\x16\x00\x01\x01\x02\x03\x01\x00\x04\x03\x03\x03' >"$(usb_file 1-1 descriptors)"
    matched_usb 1-1 Class=storage
    matched_usb '' Class=hid
    printf '\x12\x01\x00\x02\x00\x00\x00\x40\x51\x09\x66\x16\x00\x01\x01\x02\x03\x01\x09\x04\x00\x00\x01\x03' >"$(usb_file 1-1 descriptors)"
    matched_usb 1-1 Class=storage
    matched_usb '' Class=hid # its interface is cut short
    head -c 12 "$(usb_file 1-1 descriptors)" >"$BATS_TEST_TMPDIR/short"
    cp "$BATS_TEST_TMPDIR/short" "$(usb_file 1-1 descriptors)"
    matched_usb 1-1 Class=storage
}

@test "ID= is vendor and product, one half may be any; Serial= is the device's own" {
    usb_add 1-1 0951:1666 serial=AA01
    usb_add 1-2 0951:1666 serial=aa02
    usb_add 1-3 0951:16a0
    matched_usb '1-1 1-2' ID=0951:1666
    matched_usb '1-1 1-2 1-3' 'ID=0951:*'
    matched_usb 1-3 'ID=*:16A0'
    matched_usb 1-1 Serial=AA01
    matched_usb '' Serial=AA03
    matched_usb '1-2 1-3' 'Serial=!AA01'
}

@test "a device that does not show its numbers is none that a rule could mean" {
    usb_add 1-1 0951:1666
    rm "$(usb_file 1-1 idProduct)"
    matched_usb '' Path=0000:00:14.0/1
}

@test "the document has class in two digits, no group, the driver of an interface, and the device's own names" {
    usb_add 1-2 0951:1666 class=08/06/50 driver=usb-storage serial=AA01 manufacturer=Kingston 'product= DataTraveler 3.0 '
    is "$(about 1-2 '[.bus, .id, .class, .group, .driver, .serial, .vendor_name, .device_name] | tostring')" \
        '["usb","0951:1666","08",null,"usb-storage","AA01","Kingston","DataTraveler 3.0"]' device
}

@test "a device's driver is that of any interface, then a claim's" {
    usb_add 1-2 046d:c31c class=03,03 'driver=,usbhid'
    is "$(about 1-2 .driver)" usbhid driver
    usb_unbind 1-2 1
    is "$(about 1-2 .driver)" '' driver
    usb_bind 1-2 usbfs
    is "$(about 1-2 .driver)" '' driver # somebody has it open, and no rule takes it
    usb_claimed 1-2 kbd usbhid
    is "$(about 1-2 .driver)" usbfs driver
    usb_bind 1-2 usbhid 1
    is "$(about 1-2 .driver)" usbhid driver
}
