# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Serial ports as sysfs has them since Linux 6.5: those of the board, of PCI cards, and placeholders. Ports of USB devices
# are in tree-usb.bash (usb_tty).

# board_ports [TTY PNP]...: the UARTs of the board, and placeholders up to ttyS3, which Debian's kernel always makes.
board_ports() {
    local i=0 pnp at=(3F8 2F8 3E8 2E8)
    for ((i = 0; i < 4; i++)); do
        pnp=''
        [[ $# == 0 || $1 != ttyS$i ]] || { pnp=$2 && shift 2; }
        if [[ $pnp ]]; then
            tty_port "ttyS$i" "devices/pnp0/$pnp" "$pnp:0" serial 4 "0x${at[i]}"
        else
            tty_port "ttyS$i" devices/platform/serial8250 "serial8250:0" serial8250 0 0x0 ".$i"
        fi
    done
}

# tty_port TTY DIRECTORY CONTROLLER DRIVER TYPE PORT [.N]: below it the two devices of serial-base, and the port.
tty_port() {
    local dir=$2/$3/$3${7-.0}/tty/$1
    put "/sys/$dir/dev" "4:$((64 + ${1#ttyS}))"
    put "/sys/$dir/type" "$5"
    put "/sys/$dir/port" "$6"
    put "/sys/$dir/iomem_base" 0x0
    put "/sys/$dir/console" N
    put "/sys/$dir/uevent" MAJOR=4 "MINOR=$((64 + ${1#ttyS}))" "DEVNAME=$1"
    link "class/tty/$1" "$dir"
    link "$dir/subsystem" class/tty
    link "$dir/device" "$2/$3/$3${7-.0}"
    link "$2/$3/subsystem" bus/serial-base
    link "$2/$3/$3${7-.0}/subsystem" bus/serial-base
    link "$2/$3/$3${7-.0}/driver" bus/serial-base/drivers/port
    mkdir -p "$ROOT/sys/bus/serial-base/drivers/port"
    [[ -L $ROOT/sys/$2/driver ]] || link "$2/driver" "bus/pnp/drivers/$4"
}

# pci_ports ADDRESS TTY...: ports of a PCI card, which 8250_pci has.
pci_ports() {
    local tty i=0
    for tty in "${@:2}"; do
        tty_port "$tty" "$(pci_dir "$1")" "$1:0" serial 4 "0xE0$i$i" ".$i"
        i=$((i + 1))
    done
}

# tty_file TTY ATTRIBUTE: that file's path on the machine that runs the test.
tty_file() {
    readlink -f "$ROOT/sys/class/tty/$1" | sed "s,\$,/$2,"
}

# tty_claimed TTY RULE: udev's database has it for that rule.
tty_claimed() {
    put "/run/udev/data/c$(<"$(tty_file "$1" dev)")" "S:passthrough/$2" 'I:1000000' "E:PASSTHROUGH_RULE=$2" \
        "E:PASSTHROUGH_LINK=passthrough/$2" G:systemd Q:systemd V:1
}
