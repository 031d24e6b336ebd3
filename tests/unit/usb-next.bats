# Where screens send people whose rules are all for devices that udev claims: these work on the host without a boot image.

load product
load tree
load tree-guard
load tree-usb
load tree-tty

setup() {
    tree_again usb-next && return
    tree_new
    pci_add 0000:00:14.0 8086:a0ed 0c0330 group=5 driver=xhci_hcd
    usb_controller 0000:00:14.0 1 2
    usb_add 1-2 0951:1666 class=01 serial=AA01
    rule stick '[Match]' Bus=usb Serial=AA01
    tree_keep usb-next
}

# next_is STEP: of each screen about the rules, on a host where nothing makes boot images.
next_is() {
    local screen
    for screen in list plan status; do
        ctl "$screen"
        [[ $output == *"  Next: $1"* ]] || { echo "$screen" && show && return 1; }
    done
}

@test "without a maker of boot images, bind takes what udev claims at once, and no screen says that the rules are lost" {
    next_is 'passthroughctl bind stick   hands it over now; the next boot does so by itself'
    has_not 'boot image'
    ctl plan
    has '1 rule ok. The host itself does this in each boot, without a boot image.'
}

@test "what is handed over asks for no boot image either" {
    usb_claimed 1-2 stick
    run --separate-stderr timeout 20 "$BUILD/passthrough-bind" --root="$ROOT" --rule=stick
    next_is 'passthroughctl show stick   for the virtual machine'
}

@test "a rule of another bus is lost without a boot image, and screens say so" {
    pci_add 0000:05:00.0 10de:1b06 030000 group=9
    rule gpu '[Match]' Address=05:00.0
    next_is 'passthroughctl check   says why '
    ctl plan
    has_not 'The host itself does this'
}

@test "check warns of a host where nothing makes boot images with the rules, and fails for one on PCI" {
    ctl check --json
    is "$(get '.checks[] | select(.id == "image.tool").status')" warn 'image.tool of rules for USB'
    rule gpu '[Match]' ID=10de:1b06
    ctl check --json
    is "$(get '.checks[] | select(.id == "image.tool").status')" fail 'image.tool of a rule for PCI'
}
