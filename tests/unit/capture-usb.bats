# passthroughctl capture of a machine with USB devices and serial ports: it replays, and no serial number is in it.

load product
load tree
load tree-guard
load tree-usb

SERIAL=408D5CBF5E2CE6B1

setup() {
    tree_again capture-usb && return
    tree_new
    pci_add 0000:00:14.0 8086:51ed 0c0330 driver=xhci_hcd group=5
    usb_controller 0000:00:14.0 1 2
    usb_add 1-2 05e3:0610 class=09 device=09 ports=4 driver=hub
    usb_add 1-2.1 0951:1666 class=08/06/50 driver=usb-storage serial=$SERIAL manufacturer=Kingston product='DataTraveler 3.0'
    usb_disk sdb 8:16 1-2.1
    usb_add 1-1 0403:6001 class=ff driver=ftdi_sio serial=A50285BI product='FT232R USB UART'
    usb_tty ttyUSB0 188:0 1-1
    mkdir -p "$ROOT/dev/serial/by-id"
    ln -s ../../ttyUSB0 "$ROOT/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0"
    put /etc/default/gpsd 'DEVICES=/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0'
    mkdir -p "$ROOT/etc/systemd/system/basic.target.wants"
    ln -s /usr/lib/systemd/system/usbguard.service "$ROOT/etc/systemd/system/basic.target.wants/usbguard.service"
    put /etc/usbguard/rules.conf "allow id 0951:1666 serial \"$SERIAL\" name \"DataTraveler 3.0\" hash \"JDOb0BiktYs2ct3mSQKopnOOV2h9MGYADwhT+oUtF2s=\"" \
        'allow id 1d6b:0002 serial "0000:00:14.0" name "xHCI Host Controller"' \
        'allow id 0951:1643 serial "AAE0BB117FC2D7" name "DataTraveler G3"'
    rule stick '[Match]' Bus=usb ID=0951:1666 Serial=$SERIAL
    rule gps '[Match]' Bus=tty ID=0403:6001 Serial=A50285BI
    usb_claimed 1-2.1 stick usb-storage
    add_line "/run/udev/data/c$(<"$(usb_file 1-2.1 dev)")" "E:ID_SERIAL=Kingston_DataTraveler_3.0_$SERIAL" "E:ID_SERIAL_SHORT=$SERIAL" \
        "E:ID_USB_SERIAL=Kingston_DataTraveler_3.0_$SERIAL" "E:ID_USB_SERIAL_SHORT=$SERIAL"
    tree_keep capture-usb
}

@test "what was captured says what the machine says, to the byte, and with other serial numbers" {
    local command option here there
    for option in --raw ''; do
        rm -rf "$BATS_TEST_TMPDIR/copy"
        ctl capture ${option:+"$option"} "$BATS_TEST_TMPDIR/copy"
        exits 0
        for command in 'plan --json' 'list --json' 'check --json' 'show --all --json' 'list 1-2.1' 'add x 1-2.1 --dry-run'; do
            # shellcheck disable=SC2086 # words
            here=$("$BUILD/passthroughctl" --root="$ROOT" $command 2>&1 || echo "exit $?")
            # shellcheck disable=SC2086
            there=$("$BUILD/passthroughctl" --root="$BATS_TEST_TMPDIR/copy" $command 2>&1 || echo "exit $?")
            alike "$option" "$here" "$there" || { echo "$command $option" && return 1; }
        done
    done
}

@test "serial numbers are replaced wherever they stand, the same everywhere, and what people call the device stays" {
    local copy=$BATS_TEST_TMPDIR/copy new
    ctl check
    ctl capture "$copy"
    exits 0
    ! grep -rqaiE "$SERIAL|A50285BI|AAE0BB117FC2D7|JDOb0BiktYs2" "$copy" || { grep -rlaiE "$SERIAL|A50285BI|AAE0BB117FC2D7|JDOb0BiktYs2" "$copy" && return 1; }
    ! find "$copy" | grep -q A50285BI || return 1
    new=$(<"$copy/sys/$(usb_dir 1-2.1)/serial")
    [[ ${#new} == 16 ]]
    grep -qx "Serial=$new" "$copy/etc/passthrough.d/stick.conf"
    grep -q "serial \"$new\" name \"DataTraveler 3.0\"" "$copy/etc/usbguard/rules.conf"
    grep -q 'serial "0000:00:14.0"' "$copy/etc/usbguard/rules.conf"
    is "$(grep PASSTHROUGH_RULE "$copy/run/udev/data/c$(<"$(usb_file 1-2.1 dev)")")" E:PASSTHROUGH_RULE=stick claim
    grep -qx "E:ID_USB_SERIAL=Kingston_DataTraveler_3.0_$new" "$copy/run/udev/data/c$(<"$(usb_file 1-2.1 dev)")"
    is "$(<"$copy/sys/$(usb_dir 1-2.1)/product")" 'DataTraveler 3.0' product
    cmp "$copy/sys/$(usb_dir 1-2.1)/descriptors" "$(usb_file 1-2.1 descriptors)"
}
