# Which logins the generator holds back on serial ports that rules take, and which it must leave alone.

load product
load tree
load tree-guard
load tree-users
load tree-tty

setup() {
    tree_again gettys && return
    tree_new
    board_ports ttyS0 00:04 ttyS1 00:05
    tree_keep gettys
}

# generate [VARIABLE=VALUE...]
generate() {
    rm -rf "$ROOT"/run/{normal,early,late}
    mkdir -p "$ROOT"/run/{normal,early,late}
    run --separate-stderr env "$@" timeout 30 "$BUILD/passthrough-generator" --root="$ROOT" /run/normal /run/early /run/late
    [[ $status == 0 ]] || { show && return 1; }
}

# masked [UNIT...]: exactly these are, in the directory that comes before /etc.
masked() {
    is "$(cd "$ROOT/run/early" && find . -printf '%P\n' | LC_ALL=C sort | paste -sd' ' | sed 's/^ //')" "$*" masked || return 1
    local unit
    for unit; do is "$(readlink "$ROOT/run/early/$unit")" /dev/null "$unit" || return 1; done
}

com2() {
    rule com2 '[Match]' Bus=tty Port=ttyS1 "$@"
}

BOTH='getty@ttyS1.service serial-getty@ttyS1.service'

@test "the logins of a port that a rule names are masked, though one is enabled in /etc" {
    unit serial-getty@ttyS1.service
    com2
    generate
    # shellcheck disable=SC2086 # two words
    masked $BOTH
    has_not ttyS1
}

@test "the mask does not ask for the port to be there" {
    rule gone '[Match]' Bus=tty Port=ttyUSB7
    generate
    masked getty@ttyUSB7.service serial-getty@ttyUSB7.service
}

@test "a rule that names more ports than it expects masks no login: it takes none of them" {
    rule both '[Match]' Bus=tty 'Port=ttyS0 ttyS1'
    plan
    rule_is both refused
    generate
    masked
    rule both '[Match]' Bus=tty 'Port=ttyS0 ttyS1' '[Device]' Expect=2
    generate
    masked getty@ttyS0.service getty@ttyS1.service serial-getty@ttyS0.service serial-getty@ttyS1.service
}

@test "no rule takes a virtual terminal, so no login on one is masked" {
    local port
    for port in tty1 tty2 tty ttyS; do
        rule vt '[Match]' Bus=tty "Port=$port"
        generate
        masked
        has "vt.conf:3: Port=$port: not valid"
    done
}

@test "a login on a port that udev has for a rule is held back when it is about to start" {
    rule adapter '[Match]' Bus=tty ID=0403:6001
    generate
    masked
    local unit
    for unit in serial-getty@ getty@; do
        grep -qx 'ConditionPathExists=!/dev/passthrough/.tty/%I' "$ROOT/run/normal/$unit.service.d/50-passthrough.conf"
    done
}

@test "no rule for a port, no word of logins" {
    card 0000:00:02.0 01 1
    rule gpu '[Match]' Address=01:00.0
    rule 10-host '[Match]' Bus=tty Port=ttyS1 '[Device]' Driver=native
    generate
    masked
    is "$(find "$ROOT/run/normal" -name '*getty*')" '' 'units of gettys'
}

@test "a port that the host talks through keeps its login" {
    com2
    put /proc/cmdline 'root=/dev/sda2 console=tty0 console=ttyS1,115200'
    generate
    masked
    put /proc/cmdline root=/dev/sda2
    put /sys/class/tty/console/active 'tty0 ttyS1'
    generate
    masked
    rm -r "$ROOT/sys/class/tty/console"
    put /proc/consoles 'ttyS1                -W- (EC p a)    4:65'
    generate
    masked
    rm "$ROOT/proc/consoles"
    put /etc/systemd/system/debug-shell.service.d/tty.conf '[Service]' TTYPath=/dev/ttyS1
    generate
    masked
}

@test "where it cannot be told what the host talks through, every port keeps its login" {
    com2
    mkdir "$ROOT/proc/consoles"
    generate
    masked
}

@test "what is switched off, invalid, kept or meant for another machine masks nothing" {
    com2
    put /proc/cmdline 'root=/dev/sda2 passthrough=off'
    generate
    masked
    put /proc/cmdline 'root=/dev/sda2 passthrough.skip=com2'
    generate
    masked
    put /proc/cmdline 'root=/dev/sda2 elfcorehdr=0x1000'
    generate
    masked
    put /proc/cmdline 'root=/dev/sda2 quiet'
    com2 '[Device]' Driver=native
    generate
    masked
    com2 '[Device]' Driver=vfio-pci
    generate
    masked
    com2 Host=elsewhere
    generate
    masked
}

@test "the first rule by name decides about the login, too" {
    com2
    rule 10-host '[Match]' Bus=tty Port=ttyS1 '[Device]' Driver=native
    generate
    masked
    # One that may mean the port, by what is not looked at this early.
    rule 10-host '[Match]' Bus=tty ID=0403:6001 '[Device]' Driver=native
    generate
    masked
    rule 10-host '[Match]' Bus=tty Port=ttyS0 '[Device]' Driver=native
    generate
    # shellcheck disable=SC2086 # two words
    masked $BOTH
    # An invalid one keeps what it may be meant for.
    rule 10-host '[Match]' Bus=tty Port=ttyS1 '[Device]' Nonsense=1
    generate
    masked
}

@test "a port by name and by more is no reason to mask the name" {
    rule modem '[Match]' Bus=tty ID=0403:6001 Port=ttyUSB0
    generate
    masked
}

@test "in the initrd nothing is masked" {
    com2
    put /etc/initrd-release ID=debian
    generate SYSTEMD_IN_INITRD=1
    masked
}
