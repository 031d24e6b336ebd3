# [Match] as a condition for udev: it lets pass all that a rule may match, and keeps out of a process what no rule can match.

load product
load tree
load tree-usb

setup() {
    tree_again usb-udev && return
    tree_new
    pci_add 0000:00:14.0 8086:a0ed 0c0330 group=5 driver=xhci_hcd
    usb_controller 0000:00:14.0 1 2
    tree_keep usb-udev
}

FIRST=$BATS_TEST_TMPDIR/root/run/udev/rules.d/10-passthrough-claims.rules

# asks CONDITION LINE...: a rule with these lines of [Match] has udev ask for what fits the condition. keeps: leave it alone.
asks() {
    rule probe '[Match]' Bus=usb "${@:2}"
    is "$(decided)" "SUBSYSTEM==\"usb\", ${1:+$1, }GOTO=\"passthrough_claims_ask\"" "condition of ${*:2}"
}

decided() {
    run --separate-stderr "$BUILD/passthrough-bind" --root="$ROOT" --stage=udev
    sed -n '/^SUBSYSTEM=="usb", .*GOTO="passthrough_claims_\(ask\|known\)"$/p' "$FIRST" | sed '/ENV{TYPE}/d'
}

@test "IDs are PRODUCT of the kernel's event, without zeros in front" {
    asks 'ENV{PRODUCT}=="951/1666/*"' ID=0951:1666
    asks 'ENV{PRODUCT}=="951/1666/*|46d/c/*|*/1/*|1d6b/*/*"' 'ID=0951:1666 046d:000c *:0001 1d6b:*'
    asks 'ENV{PRODUCT}!="951/1666/*|0/0/*"' 'ID=!0951:1666 0000:0000'
}

@test "a serial number is the device's file; what means something to udev in it may be anything" {
    asks 'ATTR{serial}=="AA01| *AA01|4C530001:1| *4C530001:1"' 'Serial=AA01 4C530001:1'
    asks 'ATTR{serial}=="A*B**C*| *A*B**C*"' 'Serial=A|B[]C"'
    # udev holds no condition of a file that is not there.
    asks '' Serial=!AA01
    asks '' 'Serial=!AA*1'
}

@test "a port is the kernel's name, a socket its ports for USB 2 and the whole controller for USB 3" {
    local place='ENV{.PASSTHROUGH_PLACE}'
    asks 'KERNEL=="1-2|1-2.3"' 'Port=1-2 1-2.3'
    asks "$place"'=="usb2:*/0000:00:14.0/usb*/*-2|usb3:*/0000:00:14.0/usb*/*-*"' Path=00:14.0/2
    asks "$place"'=="usb2:*/0000:00:14.0/usb*/*-2.3.1|usb3:*/0000:00:14.0/usb*/*-*"' Path=0000:00:14.0/2.3.1
    asks "$place"'=="usb3:*/0000:00:14.0/usb*/*-2"' Path=00:14.0/usb3:2
    asks '' 'Path=!00:14.0/2'
}

# place NAME: what udev has as the place of a device.
place() {
    local speed
    speed=$(<"$(usb_file "$1" speed)")
    case $speed in
    1.5 | 12 | 480) echo "usb2:/$(usb_dir "$1")" ;;
    *) echo "usb3:/$(usb_dir "$1")" ;;
    esac
}

# started PATH: the devices that udev starts a process for, for a rule with that socket.
started() {
    local name one
    local -a patterns
    rule probe '[Match]' Bus=usb "Path=$1" '[Device]' Expect=0-
    IFS='|' read -ra patterns < <(decided | sed 's/.*ENV{.PASSTHROUGH_PLACE}=="\([^"]*\)".*/\1/')
    for name in "${@:2}"; do
        for one in "${patterns[@]}"; do
            # shellcheck disable=SC2053 # a pattern
            if [[ $(place "$name") == $one ]]; then echo "$name" && break; fi
        done
    done
}

@test "whatever the plan has in a socket udev asks for, and for no other device of USB 2" {
    local name socket others
    local -a names=(1-1 1-2 1-3 1-3.2 1-3.3 2-1 2-4 2-3 2-2 2-2.1)
    # The firmware has the halves of a socket under other numbers; one half may be behind a hub of USB 2 alone.
    usb_no_peers usb1-port2 && usb_no_peers usb1-port3 && usb_no_peers usb1-port4 && usb_no_peers usb1-port1
    usb_peers usb1-port1 usb2-port4
    usb_add 1-1 0951:1666
    usb_add 1-2 046d:c31c speed=1.5
    usb_add 1-3 05e3:0610 class=09 device=09 driver=hub ports=4
    usb_peers 1-3-port2 usb2-port3
    usb_add 1-3.2 0951:1666
    usb_add 1-3.3 0951:1667 speed=12
    usb_add 2-4 0951:1666 speed=5000
    usb_add 2-3 0951:1666 speed=10000
    usb_add 2-2 05e3:0620 class=09 device=09 driver=hub ports=4 speed=5000
    usb_add 2-2.1 0951:1666 speed=20000
    usb_add 2-1 0951:1666 speed=unknown
    for name in "${names[@]}"; do
        socket=$(ctl list --json "$name" && jq -r '.devices[0].path' <<<"$output")
        others=$(started "$socket" "${names[@]}")
        grep -qx "$name" <<<"$others" || { echo "$name in $socket is missed: $others" && return 1; }
        ! grep -x '1-.*' <<<"$others" | grep -vx "1-${socket#*/}" || { echo "for $socket" && return 1; }
    done
    is "$(started 0000:00:14.0/usb3:2 "${names[@]}")" 2-2 'of a port for USB 3 alone'
}

@test "a hub, which is never handed over, starts no process" {
    rule probe '[Match]' Bus=usb Class=storage '[Device]' Expect=0-
    decided >/dev/null
    is "$(grep -m1 -A99 'LABEL="passthrough_claims_device"' "$FIRST" | grep -n 'ENV{TYPE}\|CLAIM_ASK\|claims_ask"$' | cut -d: -f2- | head -1)" \
        'SUBSYSTEM=="usb", ENV{TYPE}=="9/*", GOTO="passthrough_claims_known"' 'first of the lines that decide'
    # Nor is what calls itself one, whatever its interfaces are.
    usb_add 1-2 0951:1666 class=08 device=09 serial=AA01
    plan
    device 1-2 refuse
}

@test "classes show too late to be a condition, and the others stand together" {
    asks '' Class=storage
    asks 'ENV{PRODUCT}=="951/1666/*", ATTR{serial}=="AA01| *AA01", ENV{.PASSTHROUGH_PLACE}=="usb2:*/0000:00:14.0/usb*/*-2|usb3:*/0000:00:14.0/usb*/*-*"' ID=0951:1666 Class=storage Serial=AA01 Path=00:14.0/2
}

@test "what the host keeps ends there only where that is sure" {
    rule 10-host '[Match]' Bus=usb ID=0951:1666 Serial=AA01 '[Device]' Driver=native
    rule 11-host '[Match]' Bus=usb ID=0951:1666 Path=00:14.0/1 '[Device]' Driver=native
    rule 20-all '[Match]' Bus=usb 'ID=0951:*' '[Device]' Expect=0-
    is "$(decided)" 'SUBSYSTEM=="usb", ENV{PRODUCT}=="951/1666/*", ATTR{serial}=="AA01| *AA01", GOTO="passthrough_claims_known"
SUBSYSTEM=="usb", ENV{PRODUCT}=="951/*/*", GOTO="passthrough_claims_ask"' decisions
}

@test "no condition is longer than udev reads" {
    local -a ids=()
    local i
    for ((i = 0; i < 400; i++)); do ids+=("$(printf 1234:%04x "$i")"); done
    asks '' "ID=${ids[*]}"
}

@test "PCI's hotplug has nothing of it" {
    asks 'ENV{PRODUCT}=="951/1666/*"' ID=0951:1666
    ! grep -rl 1666 "$ROOT/run/udev/rules.d" | grep -v claims || { show && return 1; }
}
