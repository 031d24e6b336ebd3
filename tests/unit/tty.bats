# Serial ports: which there are, which rules match them, and which stay with the host.

load product
load tree
load tree-guard
load tree-users
load tree-usb
load tree-tty

setup() {
    tree_again tty && return
    tree_new
    board_ports ttyS0 00:04 ttyS1 00:05
    card 0000:00:02.0 01 1
    pci_add 0000:00:14.0 8086:a36d 0c0330 group=4 driver=xhci_hcd
    usb_controller 0000:00:14.0 1 2
    usb_add 1-2 0403:6001 class=ff driver=ftdi_sio serial=A9001 product='FT232R USB UART'
    usb_tty ttyUSB0 188:0 1-2
    tree_keep tty
}

# As in product.bash, without a key that means nothing here.
matches() {
    rule probe '[Match]' "$@" '[Device]' Driver=native Expect=0-
    plan
    exits 0 || return 1
    get '[.devices[] | select(.rule == "probe").address] | sort[]'
}

@test "Port= takes a port's name" {
    matched ttyS1 Bus=tty Port=ttyS1
    matched 'ttyS0 ttyS1' Bus=tty 'Port=ttyS0 ttyS1'
    matched 'ttyS0 ttyUSB0' Bus=tty 'Port=!ttyS1'
}

@test "a port whose type is 0 is none, and its rule is missing; without the attribute it counts as one" {
    rule com3 '[Match]' Bus=tty Port=ttyS2
    plan
    rule_is com3 missing
    rm "$(tty_file ttyS2 type)"
    plan
    rule_is com3 ok
}

@test "a terminal that no hardware is behind is no port" {
    put /sys/devices/virtual/tty/ttyp1/dev 3:1
    link class/tty/ttyp1 devices/virtual/tty/ttyp1
    rule pty '[Match]' Bus=tty Port=ttyp1
    plan
    rule_is pty missing
}

@test "ID=, Serial= and Path= are those of the USB device that the port is on" {
    matched ttyUSB0 Bus=tty ID=0403:6001
    matched ttyUSB0 Bus=tty 'ID=0403:*'
    matched ttyUSB0 Bus=tty Serial=A9001
    matched ttyUSB0 Bus=tty Path=0000:00:14.0/2
    matched '' Bus=tty ID=0403:6002
    matched '' Bus=tty Path=0000:00:14.0/3
    matched '' Bus=tty ID=0403:6001 Port=ttyUSB1
}

@test "ID= and Path= are those of the PCI card that the port is on" {
    root_port 0000:00:05.0 07
    pci_add 0000:07:00.0 1415:c158 0700 under=0000:00:05.0 group=30 driver=serial
    pci_ports 0000:07:00.0 ttyS4 ttyS5
    matched 'ttyS4 ttyS5' Bus=tty ID=1415:c158
    matched 'ttyS4 ttyS5' Bus=tty Path=0000:00:05.0/00.0
    matched ttyS5 Bus=tty Path=0000:00:05.0/00.0 Port=ttyS5
    matched '' Bus=tty Path=0000:00:05.0
}

@test "a port is taken by udev, and documents have no driver for that" {
    rule com2 '[Match]' Bus=tty Port=ttyS1
    plan
    rule_is com2 ok
    device ttyS1 bind '' host
    is "$(operations class/tty/ttyS1)" '/sys/class/tty/ttyS1/uevent=add' operations
    is "$(get '.devices[] | select(.address == "ttyS1") | .bus')" tty bus
    ctl list --json
    whole '[.devices[] | select(.bus == "tty").address] == ["ttyS0", "ttyS1", "ttyUSB0"]'
    whole '[.devices[] | select(.bus == "tty").driver] == ["serial", "serial", "ftdi_sio"]'
}

@test "a port that udev has for its rule is handed over" {
    rule com2 '[Match]' Bus=tty Port=ttyS1
    tty_claimed ttyS1 com2
    ctl list ttyS1
    has 'handed over'
}

# held TTY REGEX: the rule for it is refused for that.
held() {
    rule port '[Match]' Bus=tty "Port=$1"
    plan
    rule_is port refused
    refused "$1" "$2"
}

@test "the kernel's consoles are refused, whichever file tells" {
    put /proc/consoles 'ttyS1                -W- (EC p a)    4:65'
    held ttyS1 "the kernel's console"
    rm "$ROOT/proc/consoles"
    put /sys/class/tty/console/active 'tty0 ttyS1'
    held ttyS1 "the kernel's console"
    rm -r "$ROOT/sys/class/tty/console"
    echo Y >"$(tty_file ttyS1 console)"
    held ttyS1 "the kernel's console"
}

@test "a port that the kernel command line names is refused" {
    local word
    for word in console=ttyS1,115200n8 console=uart8250,io,0x2f8,9600 earlycon=uart8250,io,0x2f8 kgdboc=kbd,ttyS1,115200 \
        systemd.debug_shell=ttyS1 systemd.debug-shell=/dev/ttyS1 systemd.default_debug_tty=ttyS1 earlyprintk=serial,ttyS1 \
        something.new=ttyS1; do
        put /proc/cmdline "root=/dev/sda2 $word"
        held ttyS1 'the host needs it: ' || { echo "$word" && return 1; }
    done
}

@test "a port that the command line names no less than others, or only for its login, is free" {
    local word
    rule port '[Match]' Bus=tty Port=ttyS1
    for word in console=ttyS11,115200n8 console=ttyS0 console=uart8250,io,0x3f8 systemd.set_credential=getty.ttys.serial:ttyS1 \
        passthrough.skip=ttyS1; do
        put /proc/cmdline "root=/dev/sda2 $word"
        plan
        rule_is port ok || { echo "$word" && return 1; }
    done
}

@test "the debug shell's port is refused" {
    local file
    for file in /etc/systemd/system/debug-shell.service /etc/systemd/system/debug-shell.service.d/tty.conf \
        /run/systemd/generator/debug-shell.service.d/50-tty.conf; do
        put "$file" '[Service]' TTYPath=/dev/ttyS1
        held ttyS1 'debug-shell.service'
        rm "$ROOT$file"
    done
}

@test "what cannot be read never frees a port" {
    local file
    for file in /proc/consoles /sys/class/tty/console/active /etc/systemd/system/debug-shell.service \
        "$(tty_file ttyS1 console | sed "s,^$ROOT,,")"; do
        rm -f "$ROOT$file"
        mkdir -p "$ROOT$file"
        held ttyS1 'not cleared: the host may talk through it: /.*/[a-z.-]* cannot be read' || { echo "$file" && return 1; }
        rmdir "$ROOT$file"
    done
    put /proc/consoles 'uart8250             -W- (EB p  )'
    held ttyS1 'not cleared: '
}

@test "a port of an adapter that a rule takes is refused, and the adapter goes, whether its port shows yet or not" {
    rule adapter '[Match]' Bus=usb ID=0403:6001
    rule port '[Match]' Bus=tty ID=0403:6001
    plan
    refused ttyUSB0 'it is on 1-2, and rule adapter takes that one with all that is on it; remove rule port or rule adapter'
    rule_is port refused
    device 1-2 bind
    rule_is adapter ok
    usb_remove 1-2
    usb_add 1-2 0403:6001 class=ff serial=A9001
    plan
    device 1-2 bind
    rule_is adapter ok
}

@test "of a port, its adapter and their controller, each with a rule, none is taken" {
    rule adapter '[Match]' Bus=usb ID=0403:6001
    rule port '[Match]' Bus=tty ID=0403:6001
    rule whole '[Match]' Address=00:14.0
    plan
    refused ttyUSB0 'it is on '
    refused 1-2 'it is on 0000:00:14.0, and rule whole takes that one'
    refused 0000:00:14.0 'is on it, and rule (adapter|port) takes that one alone'
}

@test "a rule for a port and one for the PCI card that it is on contradict each other" {
    pci_add 0000:00:06.0 1b36:0002 0700 group=31 driver=serial
    pci_ports 0000:00:06.0 ttyS4
    rule whole '[Match]' ID=1b36:0002
    rule port '[Match]' Bus=tty Port=ttyS4
    plan
    refused 0000:00:06.0 'ttyS4 is on it, and rule port takes that one alone'
    refused ttyS4 'it is on 0000:00:06.0, and rule whole takes that one'
}

@test "a port that a rule leaves to the host keeps the device that it is on, too" {
    rule 10-host '[Match]' Bus=tty Port=ttyUSB0 '[Device]' Driver=native
    rule adapter '[Match]' Bus=usb ID=0403:6001
    plan
    refused 1-2 'ttyUSB0 is on it and would go with it, and rule 10-host leaves that one to the host'
    device ttyUSB0 keep
}

# quad: an adapter with two ports, and no serial number.
quad() {
    usb_add 1-3 0403:6011 class=ff,ff driver=ftdi_sio,ftdi_sio product='Quad RS232-HS'
    usb_tty ttyUSB1 188:1 1-3
    local dir
    dir=$(usb_interface 1-3 1)/ttyUSB2/tty/ttyUSB2
    put "/sys/$dir/dev" 188:2
    put "/sys/$dir/uevent" DEVNAME=ttyUSB2
    link class/tty/ttyUSB2 "$dir"
}

# added LINE...: exactly these are the rule's lines, but for its comment.
added() {
    exits 0 || return 1
    is "$(grep -v '^#' "$ROOT/etc/passthrough.d/new.conf" | paste -sd' ')" "$*" 'the rule' || return 1
    rm "$ROOT/etc/passthrough.d/new.conf"
}

@test "add names a port of the board by its name, by node or by link" {
    ctl add new ttyS1 --yes
    added '[Match]' Bus=tty Port=ttyS1
    ctl add new /dev/ttyS1 --yes
    added '[Match]' Bus=tty Port=ttyS1
}

@test "add names a port on USB by ID and serial number, without one by ID and socket, never by its name" {
    ctl add new ttyUSB0 --yes
    added '[Match]' Bus=tty ID=0403:6001 Serial=A9001
    mkdir -p "$ROOT"/dev/serial/by-{id,path}
    ln -s ../../ttyUSB0 "$ROOT/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A9001-if00-port0"
    ctl add new /dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A9001-if00-port0 --yes
    added '[Match]' Bus=tty ID=0403:6001 Serial=A9001
    ln -s ../../ttyUSB0 "$ROOT/dev/serial/by-path/pci-0000:00:14.0-usb-0:2:1.0-port0"
    ctl add new /dev/serial/by-path/pci-0000:00:14.0-usb-0:2:1.0-port0 --yes
    added '[Match]' Bus=tty ID=0403:6001 Serial=A9001
    usb_add 1-4 0403:6001 class=ff driver=ftdi_sio serial=A9001 # a twin
    ctl add new ttyUSB0 --yes
    added '[Match]' Bus=tty ID=0403:6001 Path=0000:00:14.0/2
    rm "$(usb_file 1-2 serial)"
    ctl add new /dev/ttyUSB0 --yes
    added '[Match]' Bus=tty ID=0403:6001 Path=0000:00:14.0/2
    put "$(usb_dir 1-2 | sed 's,^,/sys/,')/serial" '!A9002' # would mean all others
    ctl add new /dev/ttyUSB0 --yes
    added '[Match]' Bus=tty ID=0403:6001 Path=0000:00:14.0/2
}

@test "add takes all ports of an adapter or none: their names do not last" {
    quad
    ctl add new ttyUSB1 --yes
    exits 1
    has 'one rule: ttyUSB1 ttyUSB2;' 'a link of its own'
    [[ ! -e $ROOT/etc/passthrough.d/new.conf ]]
    ctl add new ttyUSB1 ttyUSB2 --yes
    added '[Match]' Bus=tty ID=0403:6011 Path=0000:00:14.0/3 '[Device]' Expect=2
}

@test "add names a port of a PCI card by the card and its name" {
    root_port 0000:00:05.0 07
    pci_add 0000:07:00.0 1415:c158 0700 under=0000:00:05.0 group=30 driver=serial
    pci_ports 0000:07:00.0 ttyS4 ttyS5
    ctl add new ttyS4 --yes
    added '[Match]' Bus=tty ID=1415:c158 Path=0000:00:05.0/00.0 Port=ttyS4
    ctl add new ttyS4 ttyS5 --yes
    added '[Match]' Bus=tty ID=1415:c158 Path=0000:00:05.0/00.0 '[Device]' Expect=2
}

@test "add says what is no port, and writes no rule for one that the host talks through" {
    ctl add new ttyS2 --yes
    exits 2
    has 'ttyS2'
    put /sys/class/tty/console/active 'tty0 ttyS0'
    ctl add new ttyS0 --yes
    exits 1
    has "the kernel's console"
    [[ ! -e $ROOT/etc/passthrough.d/new.conf ]]
}

@test "where a rule matches more ports than it expects, each has the line that names it" {
    quad
    rule two '[Match]' Bus=tty 'Port=ttyS1 ttyUSB0'
    plan
    refused ttyS1 'to name this one: Port=ttyS1'
    refused ttyUSB0 'to name this one: Path=0000:00:14.0/2$'
    rule two '[Match]' Bus=tty ID=0403:6011
    plan
    refused ttyUSB1 'Expect=2 takes them all'
    rule_says two 'ports of one device: Expect=2'
    ctl plan
    has 'write Expect=2 in [Device] of /etc/passthrough.d/two.conf'
    rule two '[Match]' Bus=tty ID=0403:6011 '[Device]' Expect=2
    plan
    rule_is two ok
}

@test "a port is who it is by its place on its device, not by its name" {
    quad
    ctl list --json
    whole '[.devices[] | select(.bus == "tty").path] == ["ttyS0", "ttyS1", "0000:00:14.0/2:1.0", "0000:00:14.0/3:1.0", "0000:00:14.0/3:1.1"]'
}

@test "list shows ports under Serial, with what their device calls itself, and why one stays" {
    link class/tty/console devices/virtual/tty/console
    put /sys/devices/virtual/tty/console/active ttyS0
    ctl list serial
    says 'ttyS0 +serial port, 16550A at 0x3f8 +serial +held +the kernel.s console'
    says 'ttyS1 +serial port, 16550A at 0x2f8 +serial +free'
    says 'ttyUSB0 +FT232R USB UART, port 0 +ftdi_sio +free'
    has_not ttyS2
    ctl list ttyS0
    has 'ttyS0 ← the kernel'
    has_not 'ttyS0 ← ttyS0'
}

@test "list tells ports of one adapter and of cards apart" {
    quad
    usb_add 1-4 1a86:7523 class=ff driver=ch341
    usb_tty ttyUSB3 188:3 1-4
    put "/sys/$(usb_interface 1-4)/ttyUSB3/port_number" 1
    pci_add 0000:05:00.0 1415:c158 0700 group=30 driver=serial
    pci_ports 0000:05:00.0 ttyS4
    rm "$(tty_file ttyS1 type)"
    ctl list serial
    says 'ttyS1 +serial port, at 0x2f8 '
    says 'ttyS4 +.*serial port, 16550A at 0xe000 '
    says 'ttyUSB1 +Quad RS232-HS, port 0 '
    says 'ttyUSB2 +Quad RS232-HS, port 1 '
    says 'ttyUSB3 +.*serial port 1 of 1-4 '
}

@test "plan shows the driver of a port, which keeps it" {
    rule com2 '[Match]' Bus=tty Port=ttyS1
    ctl plan
    says 'com2 +ok +ttyS1 +serial port, 16550A at 0x2f8 +serial +host'
}

@test "a rule for ports on one bus may be meant for devices of either: both spellings of a path are taken" {
    matched ttyUSB0 Bus=tty 'Path=0000:00:14.0/2 00:05.0/00.0'
    matched 'ttyS0 ttyS1' Bus=tty 'ID=!0403:6001'
}
