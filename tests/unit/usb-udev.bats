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

# asks CONDITION LINE...: a rule with these lines of [Match] has udev ask for what fits the condition. keeps: leave it alone.
asks() {
    rule probe '[Match]' Bus=usb "${@:2}"
    is "$(decided)" "SUBSYSTEM==\"usb\", ${1:+$1, }GOTO=\"passthrough_claims_ask\"" "condition of ${*:2}"
}

decided() {
    run --separate-stderr "$BUILD/passthrough-bind" --root="$ROOT" --stage=udev
    sed -n '/^SUBSYSTEM=="usb", .*GOTO="passthrough_claims_\(ask\|known\)"$/p' "$ROOT/run/udev/rules.d/10-passthrough-claims.rules"
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

@test "a port is the kernel's name, a socket a place below its controller, as deep as it is" {
    asks 'KERNEL=="1-2|1-2.3"' 'Port=1-2 1-2.3'
    asks 'DEVPATH=="*/0000:00:14.0/usb*/*-*"' Path=00:14.0/2
    asks 'DEVPATH=="*/0000:00:14.0/usb*/*-*.*.*"' Path=0000:00:14.0/2.3.1
    asks 'DEVPATH=="*/0000:00:14.0/usb*/*-*"' Path=00:14.0/usb3:2
    asks '' 'Path=!00:14.0/2'
}

@test "classes show too late to be a condition, and the others stand together" {
    asks '' Class=storage
    asks 'ENV{PRODUCT}=="951/1666/*", ATTR{serial}=="AA01| *AA01", DEVPATH=="*/0000:00:14.0/usb*/*-*"' ID=0951:1666 Class=storage Serial=AA01 Path=00:14.0/2
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
