# passthroughctl show for USB devices and serial ports: what QEMU and libvirt are told, computed now.

load product
load tree
load guest
load tree-users
load tree-usb

setup() {
    tree_again show-usb && return
    tree_new
    pci_add 0000:00:14.0 8086:51ed 0c0330 driver=xhci_hcd group=5
    usb_controller 0000:00:14.0 1 2
    usb_add 1-2 05e3:0610 class=09 device=09 ports=4 driver=hub
    usb_add 1-2.1 0403:6001 class=ff serial=AA01
    usb_add 1-2.3 0403:6001 class=ff serial=AA02
    usb_add 1-3 0529:0001 class=ff product='HASP dongle' devnum=9
    port ttyS1
    rule dongle '[Match]' Bus=usb ID=0529:0001
    rule twin '[Match]' Bus=usb ID=0403:6001 Serial=AA02
    rule com1 '[Match]' Bus=tty Port=ttyS1
    tree_keep show-usb
}

# port NAME [TYPE]: a serial port of the board, as 8250 makes it.
port() {
    local dir=devices/platform/serial8250/tty/$1
    put "/sys/$dir/type" "${2-4}"
    put "/sys/$dir/dev" "4:$((64 + ${1#ttyS}))"
    link "class/tty/$1" "$dir"
    link "$dir/subsystem" class/tty
}

# arguments: QEMU's, in one line.
arguments() {
    get '.qemu[]'
}

@test "a USB device that is alone with its ID is shown by that, behind a controller for the guest" {
    ctl show dongle --json
    exits 0
    is "$(arguments)" '-device qemu-xhci -device usb-host,vendorid=0x0529,productid=0x0001' arguments
    is "$(get '.libvirt[]' | tr -s ' \n' ' ')" "<hostdev mode='subsystem' type='usb'> <source startupPolicy='optional'> <vendor id='0x0529'/> <product id='0x0001'/> </source> </hostdev> " element
    is "$(get '.devices[] | "\(.bus) \(.address) \(.rule)"')" 'usb 1-3 dongle' device
}

@test "one of two with the same ID is shown by its socket, in the bus of this moment" {
    ctl show twin --json
    exits 0
    is "$(arguments)" '-device qemu-xhci -device usb-host,hostbus=1,hostport=2.3' arguments
    # The USB 3 half of the socket is another bus.
    usb_remove 1-2.3
    usb_add 2-2 0403:6001 class=ff serial=AA02 speed=5000
    ctl show twin --json
    is "$(arguments)" '-device qemu-xhci -device usb-host,hostbus=2,hostport=2' 'arguments after a replug'
    # Pulled out for good, its twin leaves the ID to it.
    usb_remove 1-2.1
    ctl show twin --json
    is "$(arguments)" '-device qemu-xhci -device usb-host,vendorid=0x0403,productid=0x6001' 'arguments of one that is alone'
}

@test "libvirt gets the numbers of this moment for twins, and no policy that would start a guest with another device" {
    ctl show twin --json
    is "$(get '.libvirt[]' | tr -s ' ' | grep -o '<source.*> <add[^>]*>')" "<source> <address bus='1' device='$(<"$(usb_file 1-2.3 devnum)")'/>" element
}

@test "what people have to know of numbers and replugs is on standard error, for the form that they see" {
    ctl show twin
    exits 0
    [[ $stderr == *'twin: its ID is not unique here, so hostbus= and hostport= name its socket'* ]]
    [[ ${stderr//$'\n  '/ } == *"twin: libvirt does not give it to the guest again after a replug; a unit can"* ]]
    ctl show twin --format=qemu
    [[ $stderr == *hostbus=* && $stderr != *libvirt* ]]
    ctl show dongle --format=libvirt
    [[ $stderr != *hostbus=* && $stderr != *unique* && $stderr == *replug* ]]
    ctl show dongle --json
    [[ $stderr != *replug* ]]
}

@test "several devices of a rule have one controller with room for them" {
    local i
    rm "$ROOT/etc/passthrough.d/twin.conf"
    for i in 1 2 3 4; do usb_add "2-$i" 1234:000$i class=ff; done
    usb_add 1-4 1234:0005 class=ff
    rule all '[Match]' Bus=usb 'ID=1234:*' '[Device]' Expect=5
    ctl show all --json
    exits 0
    is "$(arguments | grep -o 'qemu-xhci[^ ]*\|productid=[^ ]*' | sort | paste -sd' ')" \
        'productid=0x0001 productid=0x0002 productid=0x0003 productid=0x0004 productid=0x0005 qemu-xhci,p2=15,p3=15' arguments
}

@test "a serial port is shown by its link, for QEMU and for libvirt" {
    ctl show com1 --json
    exits 0
    is "$(arguments)" '-chardev serial,id=com1,path=/dev/passthrough/com1 -device isa-serial,chardev=com1' arguments
    is "$(get '.libvirt[]' | tr -s ' \n' ' ')" "<serial type='dev'> <source path='/dev/passthrough/com1'/> <target port='0'/> </serial> " element
    ctl show com1
    [[ $stderr == *'pci-serial in place of isa-serial'* ]]
}

@test "the ports of a rule for several have numbered links, which stay with the port" {
    port ttyS2
    rm "$ROOT/etc/passthrough.d/com1.conf"
    rule 20-com '[Match]' Bus=tty 'Port=ttyS1 ttyS2' '[Device]' Expect=2
    ctl show 20-com --json
    exits 0
    is "$(arguments)" '-chardev serial,id=port-20-com.d-0,path=/dev/passthrough/20-com.d/0 -device isa-serial,chardev=port-20-com.d-0 -chardev serial,id=port-20-com.d-1,path=/dev/passthrough/20-com.d/1 -device isa-serial,chardev=port-20-com.d-1' arguments
    is "$(get '.libvirt[]' | grep -o "path='[^']*'\|port='.'" | paste -sd' ')" "path='/dev/passthrough/20-com.d/0' port='0' path='/dev/passthrough/20-com.d/1' port='1'" elements
    [[ ! -e $ROOT/var/lib/passthrough/numbers ]] # show writes nothing
}

@test "a form that has no words for USB or serial ports says so and fails" {
    local rule
    for rule in dongle com1; do
        ctl show $rule --format=libvirt-network
        exits 1
        is "$output" '' output
        has "$rule has no virtual function of a network card, which is what --format=libvirt-network is for"
        mkdir -p "$ROOT/dev/vfio/devices"
        ctl show $rule --format=qemu_iommufd
        exits 1
        is "$output" '' output
        has "$rule has no PCI device with a node in /dev/vfio/devices, which is what --format=qemu_iommufd is for"
    done
}

@test "until udev has it for its rule, show says that it is not handed over" {
    ctl show dongle
    exits 0
    [[ ${stderr//$'\n  '/ } == *'dongle is not handed over yet: the host has 1-3; a boot with the rule does it, or passthroughctl bind dongle now'* ]]
    has Next:
    usb_claimed 1-3 dongle
    ctl show dongle
    exits 0
    [[ $stderr != *'not handed over'* ]]
    has_not Next:
}

# --- those who read it

@test "libvirt's schema takes the XML" {
    libvirt_takes dongle twin com1
    libvirt_refuses "s/path='/file='/"
}

@test "QEMU has each device, with each property that is used" {
    command -v qemu-system-x86_64 >/dev/null || skip 'no QEMU'
    local rule model property help
    for rule in dongle twin com1; do
        ctl show $rule --json
        while read -r model property; do
            help=$(qemu-system-x86_64 -device "$model,help")
            [[ $help == *options:* ]] || { echo "QEMU has no $model" && return 1; }
            [[ -z $property ]] || grep -q "^ *$property=<" <<<"$help" || { echo "$model has no $property" && return 1; }
        done < <(jq -r '.qemu | to_entries[] | select(.key % 2 == 1) | .value' <<<"$output" | grep -v ^serial, |
            awk -F, '{ print $1; for (i = 2; i <= NF; i++) { sub(/=.*/, "", $i); print $1, $i } }')
    done
}
