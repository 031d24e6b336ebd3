# PCI serial cards, whole: one with a port that the kernel writes to stays, one with an open port is not taken by hand, and check names who
# shares the interrupt line of one without MSI.

load product
load tree
load tree-guard

# Two cards that are alike, with a port each.
setup() {
    candidates 0000:00:16.0 0000:00:17.0
    tree_again serial-cards && return
    tree_new
    driver_present vfio-pci
    pci_add 0000:00:16.0 1b36:0002 0700 group=60 driver=serial
    pci_add 0000:00:17.0 1b36:0002 0700 group=61 driver=serial
    card_port 0000:00:16.0 ttyS4
    card_port 0000:00:17.0 ttyS5
    resources 0000:00:16.0 c000
    resources 0000:00:17.0 c100
    # A place of the mainboard's without a port.
    put /sys/devices/platform/serial8250/tty/ttyS1/type 0
    link class/tty/ttyS1 devices/platform/serial8250/tty/ttyS1
    rule serial '[Match]' Class=serial '[Device]' Expect=0-
    process 1 systemd
    tree_keep serial-cards
}

# card_port ADDRESS TTY: where kernels since 6.5 have it.
card_port() {
    local dir=$1:0/$1:0.0/tty/$2
    devnode "$1" "$dir" "$2" "4:$((64 + ${2#ttyS}))"
    put "/sys/$(pci_dir "$1")/$dir/type" 4
    link "class/tty/$2" "$(pci_dir "$1")/$dir"
}

# resources ADDRESS PORT: its registers are at that I/O port.
resources() {
    sed -i "1s/.*/0x000000000000$2 0x000000000000${2%?}7 0x0000000000040101/" "$(pci_file "$1" resource)"
}

# without_driver ADDRESS TTY: as its driver's module has not been loaded yet.
without_driver() {
    rm -r "$(pci_file "$1" driver)" "$(pci_file "$1" "$1:0")" "$ROOT/sys/class/tty/$2"
}

@test "each way to tell the kernel, or systemd, of a port keeps its card, and no other" {
    local token what
    while IFS='|' read -r token what; do
        cmdline "$token"
        needs 0000:00:16.0 "ttyS4 ← $what" || { echo "$token" && return 1; }
        tree_again serial-cards
    done <<'TOKENS'
console=ttyS4,115200n8|the kernel's console
console="ttyS4,115200 n8"|the kernel's console
console=brl,ttyS4|the kernel's console
kgdboc=ttyS4,115200|the kernel's debugger
kgdboc=kbd,ttyS4|the kernel's debugger
systemd.debug_shell=ttyS4|the debug shell
systemd.debug-shell=/dev/ttyS4|the debug shell
rd.systemd.debug_shell=ttyS4|the debug shell
systemd.default_debug_tty=ttyS4|the debug shell
TOKENS
}

@test "a unit that has a debug shell on a port keeps its card, and one that cannot be read keeps all" {
    put /etc/systemd/system/debug-shell.service.d/port.conf '[Service]' TTYPath=/dev/ttyS4
    needs 0000:00:16.0 'ttyS4 ← the debug shell (TTYPath= of debug-shell.service)'
    rm "$ROOT/etc/systemd/system/debug-shell.service.d/port.conf"
    mkdir "$ROOT/etc/systemd/system/debug-shell.service.d/port.conf"
    unclear 'debug-shell.service.d/port.conf cannot be read' 0000:00:16.0 0000:00:17.0
}

@test "a card that the command line has by its address stays" {
    local token
    for token in earlycon=uart8250,io,0xc004,115200 console=uart,io,0xc000 earlyprintk=serial,0xc000,115200 \
        earlyprintk=pciserial,00:16.0,115200 earlyprintk=pciserial,force,00:16.0; do
        cmdline "$token"
        plan
        refused 0000:00:16.0 "^the host needs it: 0000:00:16.0 ← $token ← the kernel's (early )?console$" || { echo "$token" && return 1; }
        bound 0000:00:17.0
        tree_again serial-cards
    done
}

@test "addresses and names that are no card's keep none" {
    cmdline earlycon=uart8250,io,0x3f8 earlyprintk=ttyS4 console=uart,mmio32,0xfe032000 console=tty0 console=ttyS1 earlycon systemd.debug_shell=1
    needs_nothing
}

@test "the consoles of now, as the kernel has them in sysfs" {
    put /sys/class/tty/console/active 'tty0 ttyS5'
    needs 0000:00:17.0 "ttyS5 ← the kernel's console"
}

@test "a console without a port yet may be on any card that has no driver" {
    without_driver 0000:00:17.0 ttyS5
    needs_nothing
    cmdline console=ttyS5
    unclear "ttyS5 is the kernel's console, and may be a port of this card" 0000:00:17.0
    # The number of a place without a port is the next one's.
    tree_again serial-cards
    without_driver 0000:00:17.0 ttyS5
    cmdline console=ttyS1
    unclear "ttyS1 is the kernel's console, and may be a port of this card" 0000:00:17.0
    # One that is no serial port is on none.
    tree_again serial-cards
    without_driver 0000:00:17.0 ttyS5
    cmdline console=hvc0 console=tty0
    needs_nothing
}

@test "a console of virtio's may be any port of that kind" {
    pci_add 0000:00:18.0 1af4:1003 0780 group=62 driver=virtio-pci
    candidates "${CANDIDATES[@]}" 0000:00:18.0
    needs_nothing
    link class/tty/hvc0 devices/virtual/tty/hvc0
    cmdline console=hvc0
    unclear "hvc0 is the kernel's console, and may be a port of this card" 0000:00:18.0
}

@test "an early console that stays, on a port of the firmware's choice" {
    cmdline earlycon
    put /proc/consoles 'tty0                 -WU (EC p  )    4:1'
    needs_nothing
    put /proc/consoles 'uart0                -W- (E Bp a)'
    unclear "early console (uart0) is still at work" 0000:00:16.0 0000:00:17.0
}

@test "by hand: a card with an open port stays, and so does one whose ports cannot be looked at" {
    local ports
    process 812 gpsd /dev/ttyS4
    ctl bind serial
    exits 1
    has '00:16.0 refused: in use: 00:16.0 ← /dev/ttyS4 ← gpsd (PID 812)'
    has_not '00:17.0 refused'
    rm -r "$ROOT/proc/812"
    ctl bind 00:16.0
    has_not refused
    tree_again serial-cards
    ports=$(pci_file 0000:00:16.0 0000:00:16.0:0/0000:00:16.0:0.0/tty)
    chmod 0 "$ports"
    run --separate-stderr setpriv --bounding-set=-dac_override,-dac_read_search "$BUILD/passthroughctl" --root="$ROOT" bind 00:16.0
    chmod 755 "$ports"
    exits 1
    has 'not cleared: cannot see which programs have devices open: /sys/devices/pci0000:00/0000:00:16.0/0000:00:16.0:0/0000:00:16.0:0.0/tty: Permission denied'
}

# interrupts ADDRESS IRQ [CAPABILITY]: it has a line; the first of its capabilities is that one, without it there is none.
interrupts() {
    pci_set "$1" irq "$2"
    # Command and status; the pin; the first capability, which is the last.
    poke "$1" 0x04 06 00 "$([[ ${3-} ]] && echo 10 || echo 00)"
    poke "$1" 0x3d 01
    poke "$1" 0x40 "${3-00}" 00
}

# poke ADDRESS OFFSET BYTE...: into its configuration space.
poke() {
    local at=$2 config byte
    config=$(pci_file "$1" config)
    for byte in "${@:3}"; do
        # shellcheck disable=SC2059 # the escapes are the point
        printf "\\x$byte" | dd of="$config" bs=1 seek=$((at)) conv=notrunc status=none
        at=$((at + 1))
    done
}

row_of() { # row_of ADDRESS FIELD
    ctl check --json
    get ".checks[] | select(.id == \"device.$1\").$2"
}

@test "check names who is on the line of a card without MSI" {
    rule serial '[Match]' Address=00:16.0
    interrupts 0000:00:16.0 20
    interrupts 0000:00:17.0 20
    pci_set 0000:00:1f.2 irq 20
    mkdir "$(pci_file 0000:00:1f.2 msi_irqs)"
    pci_set 0000:00:1f.3 irq 20
    is "$(row_of 0000:00:16.0 status)" warn
    is "$(row_of 0000:00:16.0 message)" "driver now: serial, vfio-pci from the next boot on; reset by flr bus (reset_method); it has no MSI, \
and shares interrupt line 20 with 0000:00:17.0 (serial), which VFIO can do only if the card can be kept off the line"
    # A function of PCI Express can be kept off it.
    interrupts 0000:00:16.0 20 10
    is "$(row_of 0000:00:16.0 status)" pass
    is "$(row_of 0000:00:16.0 message | sed 's/.*; //')" 'it has no MSI, and shares interrupt line 20 with 0000:00:17.0 (serial)'
    # So can one that is: the bit is set.
    interrupts 0000:00:16.0 20
    poke 0000:00:16.0 0x05 04
    is "$(row_of 0000:00:16.0 status)" pass
}

@test "check names nobody where the card has MSI, another line, or a neighbour that goes, too" {
    local capability
    interrupts 0000:00:16.0 20
    interrupts 0000:00:17.0 20
    ctl check --json
    has_not 'interrupt line'
    rule serial '[Match]' Address=00:16.0
    for capability in 05 11; do
        interrupts 0000:00:16.0 20 $capability
        ctl check --json
        has_not 'interrupt line' || { echo "capability $capability" && return 1; }
    done
    interrupts 0000:00:16.0 21
    ctl check --json
    has_not 'interrupt line'
    interrupts 0000:00:16.0 20
    ctl check --json
    has 'interrupt line 20'
}
