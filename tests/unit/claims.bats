# What udev is told to claim, and what it is answered when it asks: the files' text, judged by the keys that they have, and the
# program that they start.

load product
load tree
load tree-usb

setup() {
    tree_new
}
@test "x" {
    pci_add 0000:00:14.0 8086:a36d 0c0330 group=5 driver=xhci_hcd
    usb_controller 0000:00:14.0 1 2
    usb_add 1-2 0951:1666 class=08 serial=AA01 driver=usb-storage
    usb_add 1-3 0951:1666 class=08 serial=AA02 driver=usb-storage
    rule stick '[Match]' Bus=usb ID=0951:1666 Serial=AA01 '[Device]' Owner=1000
    ctl plan
    printf '%s\n' "$output" >&3
    run "$BUILD/passthrough-bind" --root="$ROOT" --stage=udev
    cat "$ROOT"/run/udev/rules.d/* "$ROOT"/run/systemd/network/* >&3
    run "$BUILD/passthrough-demand" --root="$ROOT" --claim=1-2
    echo "$status $output" >&3
}
