# Serial ports by hand, and what udev is told of them.

load product
load tree
load tree-guard
load tree-users
load tree-usb
load tree-tty

setup() {
    tree_again hand && return
    tree_new
    board_ports ttyS0 00:04 ttyS1 00:05
    pci_add 0000:00:14.0 8086:a36d 0c0330 group=4 driver=xhci_hcd
    usb_controller 0000:00:14.0 1 2
    usb_add 1-2 0403:6001 class=ff driver=ftdi_sio serial=A9001
    usb_tty ttyUSB0 188:0 1-2
    tree_keep hand
}

LAST=/run/udev/rules.d/72-passthrough.rules

told() {
    run --separate-stderr timeout 20 "$BUILD/passthrough-bind" --root="$ROOT" --stage=udev
    exits 0
}

# decided: the lines of the first file that decide.
decided() {
    sed -n '/^ACTION!="add", GOTO/,/^LABEL=/p' "$ROOT/run/udev/rules.d/10-passthrough-claims.rules" | sed '1d;$d;/^GOTO=/d'
}

# asked TTY: what udev is told when it asks.
asked() {
    run --separate-stderr timeout 20 "$BUILD/passthrough-demand" --root="$ROOT" --claim="$1"
    exits 0
}

# host_up: the host's first service has run, so that all shows.
host_up() {
    rule com2 '[Match]' Bus=tty Port=ttyS1
    run --separate-stderr timeout 20 "$BUILD/passthrough-bind" --root="$ROOT" --rule=com2
}

# open_by PID NAME TTY: a process has it open.
open_by() {
    put "/proc/$1/comm" "$2"
    mkdir -p "$ROOT/proc/$1/fd"
    ln -s "/dev/$3" "$ROOT/proc/$1/fd/0"
}

@test "udev asks for ports that a rule may mean, and for no others" {
    rule com2 '[Match]' Bus=tty Port=ttyS1
    rule adapter '[Match]' Bus=tty ID=0403:6001 Serial=A9001
    rule any '[Match]' Bus=tty Path=0000:00:14.0/3
    told
    diff <(decided) - <<'END'
SUBSYSTEM=="tty", ATTRS{modalias}=="usb:v0403p6001d*|pci:v00000403d00006001sv*", GOTO="passthrough_claims_ask"
SUBSYSTEM=="tty", SUBSYSTEMS=="usb|pci", GOTO="passthrough_claims_ask"
SUBSYSTEM=="tty", KERNEL=="ttyS1", GOTO="passthrough_claims_ask"
END
}

@test "a port that is claimed says so to whoever is about to start a login on it" {
    rule com2 '[Match]' Bus=tty Port=ttyS1
    told
    # shellcheck disable=SC2016 # udev's
    grep -qxF 'SUBSYSTEM=="tty", SYMLINK+="passthrough/.tty/$kernel"' "$ROOT$LAST"
    # Behind the line that lets all others go.
    [[ $(grep -nF 'ENV{PASSTHROUGH_RULE}!="?*", GOTO' "$ROOT$LAST" | head -1) < $(grep -nF .tty "$ROOT$LAST") ]]
}

@test "brltty does not know an adapter whose port a rule takes" {
    rule adapter '[Match]' Bus=tty ID=0403:6001
    told
    sed -n 3p "$ROOT$LAST" | grep -qxF 'SUBSYSTEM=="usb", ENV{DEVTYPE}=="usb_device", ENV{PRODUCT}=="403/6001/*", ENV{PRODUCT}=""'
    rule adapter '[Match]' Bus=tty ID=0403:6001 '[Device]' Driver=native
    rule com2 '[Match]' Bus=tty Port=ttyS1
    told
    run -1 grep -F 403/6001 "$ROOT$LAST"
}

@test "udev is answered with the rule and its link, and with nothing for a port that the host talks through" {
    rule adapter '[Match]' Bus=tty ID=0403:6001
    rule com2 '[Match]' Bus=tty Port=ttyS1
    asked ttyUSB0
    is "$output" $'PASSTHROUGH_RULE=adapter\nPASSTHROUGH_LINK=passthrough/adapter' answer
    asked ttyS0
    is "$output" '' answer
    put /sys/class/tty/console/active ttyS1
    asked ttyS1
    is "$output" '' answer
}

@test "a claim that udev has written down for another adapter's port is none of it" {
    # known SERIAL [VENDOR]: udev has it for the rule, and knows these of it.
    known() {
        tty_claimed ttyUSB0 adapter
        add_line /run/udev/data/c188:0 E:ID_BUS=usb "E:ID_VENDOR_ID=${2-0403}" E:ID_MODEL_ID=6001 "E:ID_SERIAL_SHORT=$1"
        ctl list ttyUSB0
    }
    rule adapter '[Match]' Bus=tty ID=0403:6001
    known A9001
    has 'handed over'
    known A9002
    has_not 'handed over'
    known A9001 0404
    has_not 'handed over'
}

@test "udev is answered with nothing for an adapter while a rule may leave its port, which does not show yet, to the host" {
    rule adapter '[Match]' Bus=usb ID=0403:6001
    host_up
    usb_remove 1-2
    usb_add 1-2 0403:6001 class=ff serial=A9001
    asked 1-2
    has PASSTHROUGH_RULE=adapter
    local match
    for match in ID=0403:6001 Serial=A9001 Path=0000:00:14.0/2 Port=ttyUSB0 Port=!ttyS1; do
        rule 10-host '[Match]' Bus=tty "$match" '[Device]' Driver=native
        asked 1-2
        is "$output" '' "answer to $match"
    done
    # Whatever a rule takes before that, or leaves elsewhere, counts for nothing.
    for match in ID=0403:6002 Serial=A9002 Path=0000:00:14.0/3; do
        rule 10-host '[Match]' Bus=tty "$match" '[Device]' Driver=native
        asked 1-2
        has PASSTHROUGH_RULE=adapter
    done
    rule 10-host '[Match]' Bus=tty Port=ttyUSB0 '[Device]' Driver=native
    usb_remove 1-2
    usb_add 1-2 0403:6001 class=08 serial=A9001
    asked 1-2
    has PASSTHROUGH_RULE=adapter
}

@test "an adapter stays with the rule that has it, though its port might be one that another leaves to the host" {
    rule adapter '[Match]' Bus=usb ID=0403:6001
    rule 10-host '[Match]' Bus=tty Port=ttyUSB0 '[Device]' Driver=native
    host_up
    usb_remove 1-2
    usb_add 1-2 0403:6001 class=ff serial=A9001
    plan
    refused 1-2 'rule 10-host may leave that one to the host; it can be handed over once its driver has shown its ports'
    usb_claimed 1-2 adapter ftdi_sio
    plan
    bound 1-2 ttyS1
    asked 1-2
    has PASSTHROUGH_RULE=adapter
    rule 10-host '[Match]' Bus=tty ID=0403:6001 '[Device]' Driver=native
    plan
    refused 1-2 'a serial port of it would go with it, and rule 10-host leaves that one to the host'
}

@test "bind refuses a port that a login waits on, and says what ends that" {
    rule com2 '[Match]' Bus=tty Port=ttyS1
    open_by 612 agetty ttyS1
    ctl bind com2
    exits 1
    has 'agetty (PID 612)' 'systemctl disable --now serial-getty@ttyS1.service'
}

@test "bind refuses a port on USB that a process has open, and the adapter for the same reason" {
    rule adapter '[Match]' Bus=tty ID=0403:6001
    open_by 700 minicom ttyUSB0
    ctl bind adapter
    exits 1
    has 'minicom (PID 700)'
    rm "$ROOT/etc/passthrough.d/adapter.conf"
    rule whole '[Match]' Bus=usb ID=0403:6001
    ctl bind whole
    exits 1
    has 'minicom (PID 700)'
}

@test "release lets a login start on the port until the next boot" {
    rule com2 '[Match]' Bus=tty Port=ttyS1
    tty_claimed ttyS1 com2
    mkdir -p "$ROOT"/run/systemd/generator{,.early,.late}
    generate
    [[ -L $ROOT/run/systemd/generator.early/serial-getty@ttyS1.service ]]
    ctl release com2 --dry-run
    [[ -L $ROOT/run/systemd/generator.early/serial-getty@ttyS1.service ]]
    ctl release com2
    is "$(ls "$ROOT/run/systemd/generator.early")" '' masked
    # As after a daemon-reload.
    rm -r "$ROOT"/run/systemd/generator && mkdir "$ROOT/run/systemd/generator"
    generate
    is "$(ls "$ROOT/run/systemd/generator.early")" '' 'masked after a reload'
    rm -r "$ROOT/run/passthrough" "$ROOT"/run/systemd/generator && mkdir "$ROOT/run/systemd/generator"
    generate
    [[ -L $ROOT/run/systemd/generator.early/serial-getty@ttyS1.service ]]
}

generate() {
    run --separate-stderr timeout 30 "$BUILD/passthrough-generator" --root="$ROOT" /run/systemd/generator \
        /run/systemd/generator.early /run/systemd/generator.late
    exits 0
}

@test "of a PCI card that no driver has, a port may be made that a rule leaves to the host" {
    pci_add 0000:00:06.0 1b36:0002 0700 group=31
    rule whole '[Match]' ID=1b36:0002
    plan
    bound 0000:00:06.0
    rule 10-host '[Match]' Bus=tty Port=ttyS4 '[Device]' Driver=native
    plan
    refused 0000:00:06.0 'a serial port may be made of it, and rule 10-host may leave that one to the host'
    pci_bind 0000:00:06.0 serial
    pci_ports 0000:00:06.0 ttyS5
    plan
    bound 0000:00:06.0
}
