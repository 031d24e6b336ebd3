# What becomes of USB devices that rules mean: taken, refused with the reason, kept; and how a rule for one and one for its controller
# stand in each other's way. What is known of them: usb.bats.

load product
load tree
load tree-guard
load tree-usb

setup() {
    tree_again usb-plan && return
    tree_new
    pci_add 0000:00:14.0 8086:a0ed 0c0330 group=5 driver=xhci_hcd
    usb_controller 0000:00:14.0 1 2
    usb_add 1-2 0951:1666 class=08/06/50 serial=AA01 driver=usb-storage
    usb_disk sdb 8:16 1-2
    usb_add 1-3 046d:c31c class=03/01/01,03 driver=usbhid,usbhid
    input 4 "$(usb_interface 1-3)/0003:046D:C31C.0001"
    tree_keep usb-plan
}

stick() { rule stick '[Match]' Bus=usb Serial=AA01 "$@"; }

# --- taken, and given back

@test "a rule takes its device: drivers are unbound, and udev is asked for it" {
    stick
    plan
    exits 0
    device 1-2 bind usbfs host
    bound 1-2
    is "$(operations '1-2|drivers')" "/sys/bus/usb/devices/1-2:1.0/driver/unbind=1-2:1.0 /sys/bus/usb/devices/1-2/uevent=add \
/sys/$(usb_dir 1-2)/dev=stick" operations
    is "$(get '[.operations[] | select(.op == "load").target]')" '[]' modules
    ctl plan
    says '^  stick +ok +1-2 +.*, sdb +usb-storage → usbfs +host$'
}

@test "a keyboard does not type from the start, and each interface loses its driver" {
    rule kbd '[Match]' Bus=usb ID=046d:c31c
    put /etc/crypttab ''
    plan
    device 1-3 bind usbfs host
    is "$(operations '1-3|input')" "/sys/class/input/input4/inhibited=1 /sys/bus/usb/devices/1-3:1.0/driver/unbind=1-3:1.0 \
/sys/bus/usb/devices/1-3:1.1/driver/unbind=1-3:1.1 /sys/bus/usb/devices/1-3/uevent=add /sys/$(usb_dir 1-3)/dev=kbd" operations
    is "$(get '.devices[0].back[] | select(.op == "write") | "\(.target)=\(.value)"')" "/sys/bus/usb/devices/1-3/uevent=add \
/sys/class/input/input4/inhibited=0 /sys/bus/usb/devices/1-3:1.0/uevent=add /sys/bus/usb/drivers_probe=1-3:1.0 \
/sys/bus/usb/devices/1-3:1.1/uevent=add /sys/bus/usb/drivers_probe=1-3:1.1" 'way back'
}

@test "what a virtual machine has open is not unbound" {
    usb_bind 1-2 usbfs
    usb_claimed 1-2 stick usb-storage
    stick
    plan
    device 1-2 bind usbfs host
    is "$(operations unbind)" '' operations
}

@test "Driver=native keeps one stick, and needs no other line" {
    stick '[Device]' Driver=native
    rule sticks '[Match]' Bus=usb Class=storage '[Device]' Expect=0-
    plan
    exits 0
    device 1-2 keep
    rule_is stick ok
    bound
}

@test "no device, no refusal: the rule misses it, or expects that" {
    usb_remove 1-2
    stick
    plan
    exits 1
    rule_is stick missing
    stick '[Device]' Expect=0-1
    plan
    exits 0
    rule_is stick ok
}

@test "twins with one serial number: Expect= says so, with a Path= line for each" {
    usb_add 1-4 0951:1666 class=08/06/50 serial=AA01 driver=usb-storage
    usb_disk sdc 8:32 1-4
    stick
    plan
    exits 1
    rule_says stick '^matches 2 devices and Expect= is 1; name the one that is meant: Path=0000:00:14.0/2 Path=0000:00:14.0/4$'
    refused 1-2 'to name this one: Path=0000:00:14.0/2$'
    refused 1-4 'to name this one: Path=0000:00:14.0/4$'
    stick Path=00:14.0/4
    plan
    exits 0
    bound 1-4
}

# --- refused

@test "a hub is never handed over, as a hub" {
    usb_add 1-4 05e3:0610 class=09 device=09 driver=hub ports=4
    rule hub '[Match]' Bus=usb ID=05e3:0610
    plan
    exits 1
    refused 1-4 '^it is a hub, and hubs are never handed over; name what is plugged into it$'
}

@test "what usbguard blocks is refused, and never authorised by us" {
    usb_remove 1-2
    usb_add 1-2 0951:1666 class=08/06/50 serial=AA01 authorized=0
    stick
    plan
    exits 1
    refused 1-2 '^usbguard, or whoever wrote 0 to its file "authorized", blocks it; passthrough authorises no device: allow it there$'
    is "$(operations authorized)" '' operations
}

# lent DEVICE: what `usbip bind` makes of it, whose driver has the whole device.
lent() {
    local dir
    dir=$(usb_dir "$1")
    rm -rf "$ROOT/sys/$dir/$1":*
    find "$ROOT"/sys/{bus,class} -xtype l -delete
    usb_driver_link "$dir" usbip-host "$1"
}

@test "what usbip gives to another machine is refused with the way out, and so is its controller; released or bound it is not" {
    stick
    lent 1-2
    plan
    exits 1
    bound
    refused 1-2 '^driver usbip-host has it, for another machine; take it back first: usbip unbind --busid=1-2$'
    ctl list
    says '^ +1-2 +.* usbip-host +refused +stick: exported by usbip'
    ctl bind stick
    exits 1
    has 'usbip unbind --busid=1-2'
    is "$(<"$(usb_file 1-2 uevent)")" "$(grep -v '^add$' "$(usb_file 1-2 uevent)")" 'nothing is written'
    rm "$ROOT/etc/passthrough.d/stick.conf"
    rule usb '[Match]' Path=00:14.0
    plan
    exits 1
    refused 0000:00:14.0 'usbip, for another machine'
    usb_remove 1-2
    plan
    bound 0000:00:14.0
}

@test "where nobody can see whether it is blocked it is refused" {
    rm "$(usb_file 1-2 authorized)" && mkdir "$(usb_file 1-2 authorized)"
    stick
    plan
    exits 1
    refused 1-2 '^its file authorized cannot be read, which says whether somebody blocks it$'
}

@test "a rule on a device and one on its controller contradict each other: each names the other" {
    stick
    rule usb '[Match]' Path=00:14.0
    plan
    exits 1
    bound
    refused 1-2 '^it is on 0000:00:14.0, and rule usb takes that one with all that is on it; remove rule stick or rule usb$'
    refused 0000:00:14.0 '^1-2 is on it, and rule stick takes that one alone; remove rule stick or rule usb$'
    rule_is stick refused
    rule_is usb refused
    rule_says stick 'rule usb'
    rule_says usb 'rule stick'
}

@test "so do rules for a device behind a hub, and for a card that takes the controller along" {
    pci_root 0000:40
    root_port 0000:40:02.0 41
    pci_add 0000:41:00.0 10de:1e84 0300 under=0000:40:02.0 group=41 driver=nouveau boot_vga=0
    pci_add 0000:41:00.2 10de:1ad8 0c0330 under=0000:40:02.0 group=41 driver=xhci_hcd
    usb_controller 0000:41:00.2 3 4
    usb_add 3-1 05e3:0610 class=09 device=09 driver=hub ports=4
    usb_add 3-1.2 0403:6001 class=ff driver=ftdi_sio serial=FT1
    rule gpu '[Match]' ID=10de:1e84
    rule ftdi '[Match]' Bus=usb Serial=FT1
    plan
    exits 1
    bound
    refused 3-1.2 '^it is on 0000:41:00.2, and rule gpu takes that one with all that is on it; '
    refused 0000:41:00.2 '^3-1.2 is on it, and rule ftdi takes that one alone; '
    refused 0000:41:00.0 '0000:41:00.2 .*is refused$'
}

@test "Driver=native on a device keeps its controller, too" {
    stick '[Device]' Driver=native
    rule usb '[Match]' Path=00:14.0
    plan
    exits 1
    device 1-2 keep
    refused 0000:00:14.0 '^1-2 is on it and would go with it, and rule stick leaves that one to the host$'
    rule_is stick ok
}

@test "rules for a device and for another controller have nothing to do with each other" {
    pci_add 0000:00:15.0 8086:a0ee 0c0330 group=6 driver=xhci_hcd
    usb_controller 0000:00:15.0 3 4
    stick
    rule usb '[Match]' Path=00:15.0
    plan
    exits 0
    bound 0000:00:15.0 1-2
}

@test "a controller is judged the same whether its USB devices are looked at or not" {
    rule usb '[Match]' Path=00:14.0
    plan
    exits 0
    bound 0000:00:14.0
    rule cam '[Match]' Bus=usb ID=1bcf:2c99 '[Device]' Expect=0-1
    plan
    exits 0
    bound 0000:00:14.0
    mounted sdb /srv ext4
    plan
    exits 1
    refused 0000:00:14.0 '^the host needs it: 0000:00:14.0 ← sdb ← /srv$'
}

@test "a rule for a socket means what is plugged in there, whoever was recorded in it" {
    firmware_uuid
    rule left '[Match]' Bus=usb Path=00:14.0/2
    rule right '[Match]' Bus=usb Path=00:14.0/4 '[Device]' Expect=0-1
    usb_add 1-4 0951:1666 class=08/06/50 serial=AA02 driver=usb-storage
    usb_disk sdc 8:32 1-4
    image_built
    usb_remove 1-2
    usb_remove 1-4
    usb_add 1-2 0951:1666 class=08/06/50 serial=AA02 driver=usb-storage
    usb_disk sdb 8:16 1-2
    usb_add 1-4 0951:1666 class=08/06/50 serial=AA01 driver=usb-storage
    usb_disk sdc 8:32 1-4
    plan
    exits 0
    is "$(get '.devices[] | "\(.address) \(.rule) \(.action)"')" '1-2 left bind 1-4 right bind' devices
    usb_remove 1-4
    plan
    exits 0
    is "$(get '.devices[] | "\(.address) \(.rule) \(.action)"')" '1-2 left bind' devices
}
