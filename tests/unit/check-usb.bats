# passthroughctl check where rules take USB devices and serial ports: a row for each program of the host that could want them.

load product
load tree
load tree-usb

setup() {
    tree_again check-usb && return
    tree_new
    pci_add 0000:00:14.0 8086:51ed 0c0330 driver=xhci_hcd group=5
    usb_controller 0000:00:14.0 1 2
    usb_add 1-3 0529:0001 class=ff serial=HL77 devnum=9
    usb_add 1-1 0403:6001 class=ff driver=ftdi_sio serial=FT01
    usb_tty ttyUSB0 188:0 1-1
    port ttyS1
    rule dongle '[Match]' Bus=usb ID=0529:0001
    rule com1 '[Match]' Bus=tty Port=ttyS1
    rule gps '[Match]' Bus=tty ID=0403:6001
    tree_keep check-usb
}

# port NAME: a serial port of the board, as 8250 makes it.
port() {
    local dir=devices/platform/serial8250/tty/$1
    put "/sys/$dir/type" 4
    put "/sys/$dir/dev" "4:$((64 + ${1#ttyS}))"
    link "class/tty/$1" "$dir"
    link "$dir/subsystem" class/tty
}

# enable UNIT TARGET: as systemctl does.
enable() {
    mkdir -p "$ROOT/etc/systemd/system/$2.target.wants"
    ln -sf "/usr/lib/systemd/system/$1" "$ROOT/etc/systemd/system/$2.target.wants/$1"
}

# row ID STATUS MESSAGE [FIX]: the one row of that id; patterns.
row() {
    local found
    found=$(get ".checks[] | select(.id == \"$1\") | \"\(.status)|\(.message)|\(.fix)\"")
    [[ $found == "$2|"* && $found == *"$3"*"|"*"${4-}"* && $found != *$'\n'* ]] || { echo "row $1: $found" && return 1; }
}

rows() {
    get '[.checks[] | select(.id | startswith("conflict.usbguard") or startswith("conflict.ModemManager") or
        startswith("conflict.brltty") or startswith("conflict.gpsd") or startswith("conflict.udisks"))] | length'
}

@test "where no rule takes a USB device or a serial port there is no row about them" {
    ctl check --json
    is "$(rows)" 5 'rows'
    rm "$ROOT"/etc/passthrough.d/*.conf
    rule host '[Match]' Bus=usb ID=0529:0001 '[Device]' Driver=native
    ctl check --json
    is "$(rows)" 0 'rows of a config that takes none'
}

@test "without any of these programs the rows pass" {
    local id
    ctl check --json
    row conflict.usbguard pass 'does not start with this host'
    for id in ModemManager brltty gpsd; do row conflict.$id pass 'not installed'; done
    row conflict.udisks pass 'neither udisks nor usbmount'
}

@test "udev keeps ModemManager, brltty, gpsd and udisks away: their rows say how, and pass" {
    local unit
    for unit in ModemManager brltty gpsd udisks2; do put "/usr/lib/systemd/system/$unit.service" '[Service]'; done
    put /etc/brltty.conf 'braille-device usb:,bluetooth:,serial:ttyS0'
    put /etc/default/gpsd 'DEVICES=""' 'USBAUTO="true"'
    ctl check --json
    row conflict.ModemManager pass ID_MM_DEVICE_IGNORE
    row conflict.brltty pass '/etc/brltty.conf names no port'
    row conflict.gpsd pass 'names no port'
    row conflict.udisks pass UDISKS_IGNORE
}

@test "a port that a program's own file names is a warning with the file and the line" {
    put /etc/brltty.conf '# braille' 'braille-device serial:ttyS1,usb:'
    put /etc/default/gpsd 'START_DAEMON="true"' 'DEVICES="/dev/ttyUSB0 /dev/pps0"'
    ctl check --json
    row conflict.brltty warn '/etc/brltty.conf:2 gives brltty the port ttyS1, which rule com1 takes' 'remove ttyS1 from /etc/brltty.conf'
    row conflict.gpsd warn '/etc/default/gpsd:2 gives gpsd the port /dev/ttyUSB0, which rule gps takes' 'remove /dev/ttyUSB0 from /etc/default/gpsd'
    # By a link, and of a rule for the whole device.
    mkdir -p "$ROOT/dev/serial/by-id"
    ln -s ../../ttyUSB0 "$ROOT/dev/serial/by-id/usb-FTDI"
    put /etc/default/gpsd 'DEVICES=/dev/serial/by-id/usb-FTDI'
    rm "$ROOT/etc/passthrough.d/gps.conf"
    rule adapter '[Match]' Bus=usb ID=0403:6001
    ctl check --json
    row conflict.gpsd warn 'by-id/usb-FTDI, which rule adapter takes'
}

@test "usbguard: what it blocks fails, what no rule of it allows is a warning, both with the command that allows it" {
    local fix='usbguard append-rule '\''allow id 0529:0001 serial "HL77"'\'', then plug it in again'
    enable usbguard.service basic
    put /etc/usbguard/usbguard-daemon.conf 'RuleFile=/etc/usbguard/rules.conf' '#ImplicitPolicyTarget=allow'
    put /etc/usbguard/rules.conf 'allow id 1d6b:0002 serial "0000:00:14.0" name "xHCI"'
    rm "$ROOT/etc/passthrough.d/gps.conf"
    ctl check --json
    row conflict.usbguard warn '1-3: usbguard lets it be now, and no rule in /etc/usbguard/rules.conf allows its ID (ImplicitPolicyTarget=block)' "$fix"
    put /etc/usbguard/rules.conf 'allow id 1d6b:0002' 'allow id 0529:0001 serial "HL77"'
    ctl check --json
    row conflict.usbguard pass '1-3: /etc/usbguard/rules.conf:2 allows its ID'
    put /etc/usbguard/rules.conf 'block id 0529:* name "HASP"' 'allow id 0529:0001'
    ctl check --json
    row conflict.usbguard warn '/etc/usbguard/rules.conf:1 would not the next time' "$fix"
    put /etc/usbguard/rules.conf ''
    put /etc/usbguard/usbguard-daemon.conf 'ImplicitPolicyTarget=allow'
    ctl check --json
    row conflict.usbguard pass 'it allows the rest'
    # Rules in the folder count, too.
    put /etc/usbguard/usbguard-daemon.conf 'ImplicitPolicyTarget=block' 'RuleFolder=/etc/usbguard/more'
    put /etc/usbguard/more/10-keys.conf 'allow id 0529:0001'
    ctl check --json
    row conflict.usbguard pass '/etc/usbguard/more/10-keys.conf:1'
    echo 0 >"$(usb_file 1-3 authorized)"
    ctl check --json
    row conflict.usbguard fail '1-3: usbguard blocks it' "$fix"
}

@test "usbguard: no text of the device goes into the command but a plain serial number" {
    local serial
    enable usbguard.service basic
    for serial in "AA'; reboot; '" 'AA"BB' 'A$(B)' 'A`B`' 'A\B' 'A B'; do
        usb_remove 1-3
        usb_add 1-3 0529:0001 class=ff serial="$serial" devnum=9 authorized=0
        ctl check --json
        row conflict.usbguard fail '1-3: usbguard blocks it' \
            'usbguard append-rule '\''allow id 0529:0001 via-port "1-3"'\'', then plug it in again'
    done
}

@test "what mounts without asking udisks is a warning" {
    put /etc/usbmount/usbmount.conf '# usbmount' 'ENABLED=1'
    ctl check --json
    row conflict.udisks warn 'usbmount (/etc/usbmount/usbmount.conf) mounts' 'ENABLED=0'
    put /etc/usbmount/usbmount.conf 'ENABLED=0'
    put /etc/udev/rules.d/99-stick.rules '# mounts sticks' 'SUBSYSTEM=="block", ACTION=="add", RUN+="/usr/bin/systemd-mount --no-block $devnode"'
    ctl check --json
    row conflict.udisks warn '/etc/udev/rules.d/99-stick.rules:2 mounts' 'PASSTHROUGH_RULE'
}

@test "what a rule takes has its row: who has it now, and who may open its node" {
    ctl check --json
    row device.1-3 pass 'driver now: none; the next boot claims it for the rule; its rule has no Owner=, Group= or Mode='
    row group.dongle skip 'not handed over through the IOMMU'
    is "$(get '.checks[].id' | grep -o 'module\.u[a-z]*')" '' 'rows of modules that are none'
    usb_claimed 1-3 dongle
    put /etc/group 'plugdev:x:46:'
    rule dongle '[Match]' Bus=usb ID=0529:0001 '[Device]' Group=plugdev
    ctl check --json
    row device.1-3 pass "udev's database has it for a rule"
    rule dongle '[Match]' Bus=usb ID=0529:0001 '[Device]' Group=nobody-has-this
    ctl check --json
    row device.1-3 warn 'nobody-has-this'
}

@test "a captured machine has the same rows" {
    enable usbguard.service basic
    put /etc/usbguard/rules.conf 'allow id 0529:0001 serial "HL77"'
    put /etc/default/gpsd 'DEVICES="/dev/ttyUSB0"'
    put /etc/udev/rules.d/99-stick.rules 'SUBSYSTEM=="block", RUN+="/bin/mount /dev/%k"'
    ctl check --json
    local rows
    rows=$(get '.checks[] | select(.id | startswith("conflict"))')
    ctl capture --raw /capture
    exits 0
    ROOT=$ROOT/capture
    ctl check --json
    is "$(get '.checks[] | select(.id | startswith("conflict"))')" "$rows" rows
    row conflict.gpsd warn ttyUSB0
}
