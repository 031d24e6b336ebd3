# How list and add show USB devices and look for them. What is known of them: usb.bats.

load product
load tree
load tree-guard
load tree-usb

setup() {
    tree_again usb-list && return
    tree_new
    pci_add 0000:00:14.0 8086:a0ed 0c0330 group=5 driver=xhci_hcd
    usb_controller 0000:00:14.0 1 2
    usb_add 1-1 05e3:0610 class=09 device=09 driver=hub ports=4 'product=USB2.0 Hub'
    usb_add 1-2 0951:1666 class=08/06/50 serial=AA01 driver=usb-storage removable=removable manufacturer=Kingston 'product=DataTraveler 3.0'
    usb_disk sdb 8:16 1-2
    usb_add 1-1.1 046d:c31c class=03/01/01,03 driver=usbhid,usbhid manufacturer=Logitech 'product=USB Keyboard'
    input 4 "$(usb_interface 1-1.1)/0003:046D:C31C.0001"
    put "/sys/$(usb_interface 1-1.1)/0003:046D:C31C.0001/input/input4/event4/uevent" 'DEVNAME=input/event4'
    link class/input/event4 "$(usb_interface 1-1.1)/0003:046D:C31C.0001/input/input4/event4"
    usb_add 1-1.2 0d8c:0014 class=01/01,01/02,03 driver=snd-usb-audio manufacturer=C-Media 'product=USB Audio Device'
    usb_add 1-3 12d1:1f01 class=02/06,0a driver=cdc_ether,cdc_ether manufacturer=HUAWEI product=HiLink
    usb_nic wwan0 1-3
    usb_add 1-4 0403:6001 class=ff driver=ftdi_sio serial=A50285BI manufacturer=FTDI 'product=FT232R USB UART'
    usb_tty ttyUSB0 188:0 1-4
    tree_keep usb-list
}

# added DEVICE LINE...: the lines of [Match] and [Device] that add writes for it.
added() {
    ctl add probe "$1" --yes
    exits 0 || return 1
    is "$(grep -v '^#' "$ROOT/etc/passthrough.d/probe.conf" | paste -sd' ')" "[Match] Bus=usb ${*:2}" "rule for $1" || return 1
    rm "$ROOT/etc/passthrough.d/probe.conf"
}

@test "devices stand under what people look for, by the names that they have for themselves, with what is on them" {
    ctl list
    exits 0
    is "$(sed -n '/^  [A-Z][a-z]*$\|^  USB$/p; s/^ *\([0-9]-[0-9.]*\)  .*/\1/p' <<<"$output" | paste -sd' ' | tr -s ' ')" \
        ' Storage 1-2 Network 1-3 USB 1-1.1 1-4 Audio 1-1.2 Serial' 'headings and addresses'
    says '^ +1-2 +Kingston DataTraveler 3.0, sdb +usb-storage +free$'
    says '^ +1-1\.1 +Logitech USB Keyboard +usbhid +free$'
    says '^ +1-3 +HUAWEI HiLink, wwan0 +cdc_ether '
    has_not ' Hub'
    ctl list --all
    says '^ +1-1 +.*USB2.0 Hub +hub +held +hub$'
}

@test "addresses on PCI go without their domain beside those of USB" {
    ctl list
    says '^ +00:14\.0 '
}

@test "words filter by kind, model, driver and address" {
    local word
    for word in hid Logitech usbhid 1-1.1 046d:c31c; do
        ctl list "$word"
        exits 0
        says '1-1\.1 '
        has_not 'DataTraveler'
    done
}

@test "list of one says all about it, and nothing of IOMMU groups" {
    ctl list 1-2
    exits 0
    says '^  Class +storage \(08\)$'
    says '^  Path +0000:00:14.0/2$'
    says '^  Serial +AA01$'
    says '^  Handover +free$'
    has 'Serial=AA01' 'Bus=usb'
    has_not Group
}

@test "a device that is on a controller which a rule takes is held, for that" {
    rule usb '[Match]' Path=00:14.0
    ctl list --json
    is "$(get '.devices[] | select(.address == "1-2").handover | "\(.action): \(.reason)"')" \
        'refuse: it is on 0000:00:14.0, and rule usb takes that one with all that is on it' handover
    is "$(get '.devices[] | select(.address == "0000:00:14.0").handover.action')" bind handover
}

@test "a controller with a device that a rule takes is held, for that" {
    rule stick '[Match]' Bus=usb Serial=AA01
    ctl list --json
    is "$(get '.devices[] | select(.address == "0000:00:14.0").handover | "\(.action): \(.reason)"')" \
        'refuse: 1-2 is on it, and rule stick takes that one alone' handover
    is "$(get '.devices[] | select(.address == "1-4").handover.action')" bind handover
}

@test "add finds a device by what is on it, its node, its links, its address and its socket" {
    local -a serial=(ID=0951:1666 Serial=AA01 '[Device]' Expect=0-1) path=(ID=046d:c31c Path=0000:00:14.0/1.1 '[Device]' Expect=0-1)
    local name
    add_line /run/udev/data/b8:16 S:disk/by-id/usb-Kingston_DT_AA01-0:0 S:disk/by-path/pci-0000:00:14.0-usb-0:2:1.0-scsi-0:0:0:0
    mkdir -p "$ROOT/dev/input/by-id"
    ln -s ../event4 "$ROOT/dev/input/by-id/usb-Logitech_USB_Keyboard-event-kbd"
    for name in /dev/sdb sdb /dev/disk/by-id/usb-Kingston_DT_AA01-0:0 /dev/disk/by-path/pci-0000:00:14.0-usb-0:2:1.0-scsi-0:0:0:0 \
        1-2 0000:00:14.0/2 00:14.0/2 /dev/bus/usb/001/003; do
        added "$name" "${serial[@]}"
    done
    for name in /dev/input/by-id/usb-Logitech_USB_Keyboard-event-kbd /dev/input/event4 1-1.1 00:14.0/1.1; do
        added "$name" "${path[@]}"
    done
    ctl add nic wwan0
    has 'HUAWEI HiLink'
}

@test "add says what is not there, and what is no device to hand over" {
    ctl add x 1-9
    exits 2
    has 'there is no device 1-9 here'
    ctl add x 00:14.0/9
    exits 2
    ctl add x 1-1
    exits 1
    has 'Not written: it is a hub, and hubs are never handed over'
    [[ ! -e $ROOT/etc/passthrough.d/x.conf ]]
    put /sys/devices/platform/serial8250/tty/ttyS3/type 0
    link class/tty/ttyS3 devices/platform/serial8250/tty/ttyS3
    ctl add x ttyS3
    exits 2
    has 'ttyS3 is a name that the kernel keeps free'
}

@test "who names no device is told how devices are named, and where their names are" {
    local command
    for command in 'add x Logitech' 'add x 1-9' 'add x /dev/sdz' 'bind 1-9' 'bind /dev/sdb' 'show sdb' 'release Logitech'; do
        # shellcheck disable=SC2086 # words
        ctl $command
        exits 2
        has 'passthroughctl list' || { echo "$command" && return 1; }
        has_not 'PCI device'
    done
    ctl remove 1-2
    exits 2
    has 'passthroughctl status shows the rules'
}

@test "a rule that fits nothing says of which kind" {
    rule stick '[Match]' ID=0951:1666
    rule port '[Match]' Bus=tty Port=ttyS9
    ctl plan
    says '^  stick +missing +no PCI device here has ID=0951:1666$'
    says '^  port +missing +no serial port here has Port=ttyS9$'
}

@test "where one rule has to name all ports of a device, the next step does, too" {
    usb_tty ttyUSB1 188:1 1-4
    ctl list ttyUSB1
    has 'cannot name it: 1-4 has 2 ports'
    says 'passthroughctl add serial0 ttyUSB0 ttyUSB1$'
    ctl add serial0 ttyUSB0 ttyUSB1
    exits 0
    says '^  ttyUSB1 .* keeps driver ftdi_sio$'
}

@test "add names twins by their sockets, several devices by their lists, and what is fixed without Expect=" {
    usb_add 2-4 0951:1666 class=08/06/50 serial=AA01 driver=usb-storage speed=5000 removable=fixed
    usb_disk sdc 8:32 2-4
    added 1-2 ID=0951:1666 Path=0000:00:14.0/2 '[Device]' Expect=0-1
    added 2-4 ID=0951:1666 Path=0000:00:14.0/4
    ctl add both 1-1.1 1-4 --yes
    exits 0
    is "$(sed '/^#/d; /=/!d' "$ROOT/etc/passthrough.d/both.conf" | paste -sd' ')" \
        'Bus=usb ID=046d:c31c 0403:6001 Path=0000:00:14.0/1.1 0000:00:14.0/4 Expect=0-2' both
}

@test "add writes no rule whose own lines do not match the device, though it may be missing" {
    untraced usb_make usb7 devices/platform/AB:CD.0/usb7 1d6b:0002 class=09 device=09 driver=hub devnum=1 ports=2
    usb_add 7-2 1234:5678 class=01
    ctl add probe 7-2 --yes
    exits 1
    has 'Not written: the lines of [Match] that add would write do not match the device; write the rule by hand'
    usb_add 1-1.4 1234:5679 class=01
    ctl add probe 7-2 1-1.4 --yes
    exits 1
    has 'match 1 of these 2 devices'
    [[ ! -e $ROOT/etc/passthrough.d/probe.conf ]]
}

@test "add writes no rule for what can be removed and an earlier rule decides" {
    rule 10-stick '[Match]' Bus=usb Serial=AA01
    ctl add probe 1-2 --yes
    exits 1
    has 'rule 10-stick decides 1-2; of two rules for a device the first by name decides'
    [[ ! -e $ROOT/etc/passthrough.d/probe.conf ]]
}

@test "a serial number that cannot be one word is none to go by" {
    usb_add 2-3 1234:5678 class=03 driver=usbhid 'serial=12 34'
    added 2-3 ID=1234:5678 Path=0000:00:14.0/3 '[Device]' Expect=0-1
    put "/sys/$(usb_dir 2-3)/serial" 000000
    added 2-3 ID=1234:5678 Path=0000:00:14.0/3 '[Device]' Expect=0-1
}

# harmless: what was printed has nothing that a terminal takes for an order, or that shows text in another order than it is.
harmless() {
    ! LC_ALL=C.UTF-8 grep -qP '[\x{01}-\x{09}\x{0b}-\x{1f}\x{7f}-\x{9f}\x{61c}\x{200b}-\x{200f}\x{2028}-\x{202e}\x{2060}-\x{206f}\x{feff}\x{e0001}-\x{e007f}]' \
        <<<"$output$stderr" || { cat -v <<<"$output$stderr" && return 1; }
    LC_ALL=C.UTF-8 grep -qaxv '.*' <<<"$output$stderr" && echo 'no UTF-8' && return 1
    ! grep -q '^second line' <<<"$output$stderr"
}

@test "no name that a device, a disk, an interface or the hardware database has is an order to the terminal" {
    local evil=$'X\e[31mRED\u202eLTR\u2066\u200b\u009b2J\x9b\u2028\U000e0041\nsecond line' command
    rule stick '[Match]' Bus=usb 'ID=0951:1666'
    rule card '[Match]' Path=00:07.0
    rule twin '[Match]' Bus=tty 'ID=0403:6001'
    pci_add 0000:00:07.0 1234:5678 0200 group=7 driver=e1000e
    pci_add 0000:00:08.0 144d:a80a 010802 group=8 driver=nvme
    put "/sys/$(pci_dir 0000:00:08.0)/nvme/nvme0/model" "$evil"
    nvme_serial 0000:00:08.0 nvme0 "$evil"
    printf '%s\n' "$evil" | tee "$(usb_file 1-2 product)" "$(usb_file 1-2 manufacturer)" "$(usb_file 1-2 serial)" \
        "$(usb_file 1-4 product)" "$(usb_file 1-1 product)" >/dev/null
    nic "$(printf 'e\e[2J\u202e')" 0000:00:07.0
    usb_nic "$(printf 'w\e[2J\u202e')" 1-1.2
    put /etc/udev/hwdb.d/20-pci.hwdb 'pci:v00001234*' $' ID_VENDOR_FROM_DATABASE=Ven\e[31mRED\u202edor' '' \
        'pci:v00001234d00005678*' $' ID_MODEL_FROM_DATABASE=Mo\e[31mRED\u2067del'
    ! command -v systemd-hwdb >/dev/null || systemd-hwdb update --root="$ROOT"
    for command in list 'list 1-2' 'list 00:07.0' 'list 00:08.0' 'list 1-1.2' 'list ttyUSB0'  plan \
        check 'add probe 1-3 --dry-run' 'add probe 1-1 --dry-run' 'add probe 1-1.2 --dry-run' 'add probe 00:08.0 --dry-run' \
        'show stick' 'show twin' 'show card' status 'bind stick --dry-run'; do
        # shellcheck disable=SC2086 # words
        ctl $command
        harmless || { echo "$command" && return 1; }
        # shellcheck disable=SC2086
        ctl $command --json
        harmless && whole . || { echo "$command --json" && return 1; }
    done
    for command in 'list --all' 'plan --steps' 'check --all'; do
        # shellcheck disable=SC2086
        ctl $command
        harmless || { echo "$command" && return 1; }
    done
}
