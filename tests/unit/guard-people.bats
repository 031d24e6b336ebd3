# Keyboards where a passphrase is asked, the kernel's console and the boot display stay; controllers of the like that nobody needs are taken.

load product
load tree
load tree-guard

UUID=0f0e0d0c-1111-4222-8333-444455556666

# What the only keyboard is needed for.
CRYPTTAB='the only keyboard, and a passphrase may be asked for (crypttab secret)'

# Two USB controllers, of which rules may take either, and a LUKS for which crypttab has a key file.
setup() {
    candidates 0000:00:14.0 0000:00:15.0
    INPUTS=0
    tree_again guard-people && return
    tree_new
    tags sda2 UUID=$ROOT_UUID TYPE=ext4
    part sda3 8:3
    tags sda3 UUID=$UUID TYPE=crypto_LUKS
    mkdir -p "$ROOT/sys/class/input"
    put /sys/devices/LNXSYSTM:00/LNXPWRBN:00/input/input0/capabilities/key '10000000000000 0'
    link class/input/input0 devices/LNXSYSTM:00/LNXPWRBN:00/input/input0
    pci_add 0000:00:14.0 1b36:000d 0c0330 group=7 driver=xhci_hcd
    pci_add 0000:00:15.0 1b36:000d 0c0330 group=8 driver=xhci_hcd
    usb_bus 1 0000:00:14.0
    usb_bus 2 0000:00:15.0
    rule usb '[Match]' Class=usb '[Device]' Expect=0-
    tree_keep guard-people
}

passphrase() {
    put /etc/crypttab "secret UUID=$UUID ${1-none} luks"
}

@test "the only keyboard, on USB, where crypttab asks for a passphrase" {
    local key
    usb_keyboard 1-2
    for key in none - ''; do
        passphrase "$key"
        needs 0000:00:14.0 "$CRYPTTAB" || { echo "key file '$key'" && return 1; }
    done
}

@test "the only keyboard, behind a hub" {
    usb_device 2-1 05e3:0610 09
    usb_node 2-1.4 "$(pci_dir 0000:00:15.0)/usb2/2-1/2-1.4" 046d:c31c 03
    input 3 "$(pci_dir 0000:00:15.0)/usb2/2-1/2-1.4/2-1.4:1.0/0003:046D:C31C.0001"
    passphrase
    needs 0000:00:15.0 "$CRYPTTAB"
}

@test "the only keyboard, where the command line has a LUKS opened" {
    usb_keyboard 1-2
    cmdline rd.luks.uuid=$UUID
    needs 0000:00:14.0 "the only keyboard, and a passphrase may be asked for (the command line's rd.luks)"
}

@test "no passphrase is asked: no keyboard is needed" {
    usb_keyboard 1-2
    needs_nothing
    exits 0
}

@test "a key file in place of a passphrase: no keyboard is needed" {
    usb_keyboard 1-2
    passphrase /etc/keys/secret
    needs_nothing
    exits 0
}

@test "swap with a key of chance asks nobody" {
    usb_keyboard 1-2
    put /etc/crypttab "cswap UUID=$UUID /dev/urandom swap,cipher=aes-xts-plain64"
    needs_nothing
    exits 0
}

@test "a PS/2 keyboard is left to type with" {
    usb_keyboard 1-2
    ps2_keyboard
    passphrase
    needs_nothing
    exits 0
}

@test "mice and power buttons are no keyboards: neither are they needed, nor do they do in place of one" {
    usb_keyboard 1-2 mouse
    passphrase
    usb_keyboard 2-2
    needs 0000:00:15.0 "$CRYPTTAB"
}

@test "keyboards that a program makes up, or that are on Bluetooth, are none to type a passphrase with" {
    usb_keyboard 1-2
    input 6 devices/virtual
    input 7 devices/virtual/misc/uhid/0005:046D:B33D.0004
    passphrase
    needs 0000:00:14.0 "$CRYPTTAB"
}

@test "two keyboards on two controllers: both stay where the rules would take both, one may go where they take one" {
    usb_keyboard 1-2
    usb_keyboard 2-2
    passphrase
    plan
    exits 1
    refused 0000:00:14.0 '^the host needs it: 0000:00:14.0 ← .*keyboard'
    refused 0000:00:15.0 '^the host needs it: 0000:00:15.0 ← .*keyboard'
    bound
    rule usb '[Match]' Address=00:14.0
    plan
    exits 0
    bound 0000:00:14.0
}

@test "a keyboard that is a function's own, as virtual machines have it" {
    pci_add 0000:00:18.0 1af4:1052 0980 group=51 driver=virtio-pci
    input 5 "$(pci_dir 0000:00:18.0)/virtio3"
    passphrase
    rule input '[Match]' Address=00:18.0
    candidates "${CANDIDATES[@]}" 0000:00:18.0
    needs 0000:00:18.0 "$CRYPTTAB"
}

# A graphics card of four functions in one slot and group, whose USB controller is bus 5.
turing() {
    root_port 0000:00:04.0 05
    pci_add 0000:05:00.0 10de:1e04 0300 under=0000:00:04.0 group=54
    pci_add 0000:05:00.1 10de:10f7 0403 under=0000:00:04.0 group=54
    pci_add 0000:05:00.2 10de:1ad6 0c0330 under=0000:00:04.0 group=54 driver=xhci_hcd
    pci_add 0000:05:00.3 10de:1ad7 0c80 under=0000:00:04.0 group=54
    usb_bus 5 0000:05:00.2
    rule gpu '[Match]' Address=05:00.0 '[Device]' Stage=root
}

@test "the only keyboard, on the USB function of a graphics card: the card stays, other USB controllers go" {
    turing
    usb_keyboard 5-1
    passphrase
    plan
    exits 1
    refused_with 0000:05:00.2 "the host needs it: 0000:05:00.2 ← $CRYPTTAB"
    refused 0000:05:00.0 0000:05:00.2
    refused 0000:05:00.1 .
    refused 0000:05:00.3 .
    bound "${CANDIDATES[@]}"
}

@test "a graphics card with a USB function that carries nothing is taken whole" {
    turing
    usb_keyboard 1-2
    rule usb '[Match]' Address=00:15.0
    rule gpu2 '[Match]' Address=05:00.2 '[Device]' Stage=root
    passphrase
    plan
    exits 0
    bound 0000:00:15.0 0000:05:00.0 0000:05:00.1 0000:05:00.2 0000:05:00.3
}

@test "the kernel's console on a serial card, by the command line; another serial card is taken" {
    pci_add 0000:00:16.0 13a8:0152 0700 group=60 driver=serial
    pci_add 0000:00:17.0 13a8:0152 0700 group=61 driver=serial
    serial_port ttyS2 0000:00:16.0
    serial_port ttyS3 0000:00:17.0
    rule serial '[Match]' Class=serial '[Device]' Expect=0-
    candidates "${CANDIDATES[@]}" 0000:00:16.0 0000:00:17.0
    needs_nothing
    exits 0
    cmdline console=tty0 console=ttyS2,115200n8
    plan
    exits 1
    refused 0000:00:16.0 '^the host needs it: 0000:00:16.0 ← ttyS2 ← (console=ttyS2|the kernel.s console)'
    bound 0000:00:14.0 0000:00:15.0 0000:00:17.0
}

@test "the kernel's console on a serial card, by /proc/consoles" {
    pci_add 0000:00:16.0 13a8:0152 0700 group=60 driver=serial
    pci_add 0000:00:17.0 13a8:0152 0700 group=61 driver=serial
    serial_port ttyS2 0000:00:16.0
    serial_port ttyS20 0000:00:17.0
    rule serial '[Match]' Class=serial '[Device]' Expect=0-
    put /proc/consoles 'tty0                 -WU (EC p  )    4:1' 'ttyS2                -W- (E    a)    4:66'
    plan
    exits 1
    refused 0000:00:16.0 '^the host needs it: 0000:00:16.0 ← .*ttyS2'
    bound 0000:00:14.0 0000:00:15.0 0000:00:17.0
}

@test "the kernel's console on a serial card, early in an image from elsewhere" {
    pci_add 0000:00:16.0 13a8:0152 0700 group=60 driver=serial
    pci_add 0000:00:17.0 13a8:0152 0700 group=61 driver=serial
    serial_port ttyS2 0000:00:16.0
    serial_port ttyS3 0000:00:17.0
    rule serial '[Match]' Class=serial '[Device]' Expect=0- Stage=initrd
    put /etc/initrd-release ID=debian
    rm -rf "$ROOT/sys/class/block" "$ROOT/proc/self/mountinfo" "$ROOT/proc/swaps"
    cmdline console=ttyS2,115200n8
    plan
    refused 0000:00:16.0 '^the host needs it: 0000:00:16.0 ← ttyS2'
    refused 0000:00:17.0 '^not cleared: .*no clearance'
}

@test "a port on the mainboard, whose name reads like the address of a card, keeps no card" {
    local port=/sys/devices/pnp0/00:02/00:02:0/00:02:0.0/tty/ttyS0
    card 0000:00:02.0 02 40
    mkdir -p "$ROOT$port" "$ROOT/sys/class/tty"
    ln -s "../..${port#/sys}" "$ROOT/sys/class/tty/ttyS0"
    rule gpus '[Match]' Class=display
    cmdline console=ttyS0
    put /proc/consoles 'ttyS0                -W- (E    a)    4:64'
    plan
    bound 0000:00:14.0 0000:00:15.0 0000:02:00.0 0000:02:00.1
}

@test "the display the firmware booted on stays; the second one, of the same make, is taken" {
    card 0000:00:02.0 01 40 boot_vga=1
    card 0000:00:03.0 02 41
    rule gpus '[Match]' Class=display '[Device]' Expect=0-
    plan
    exits 1
    refused 0000:01:00.0 .
    bound 0000:00:14.0 0000:00:15.0 0000:02:00.0 0000:02:00.1
}

@test "a keyboard, a disk and an adapter on one USB controller: one reason is enough, and the other controller goes" {
    usb_keyboard 1-2
    passphrase
    usb_device 1-3 0781:5581 08
    usb_disk sdc 8:32 1-3
    mounted sdc /media ext4
    plan
    exits 1
    refused 0000:00:14.0 '^the host needs it: 0000:00:14.0 ← (sdc ← /media|the only keyboard, .*)$'
    bound 0000:00:15.0
}

# Each of these is where a passphrase may be asked, as far as the only keyboard shows.
@test "a chip, a script and each spelling of the command line may ask for a passphrase" {
    local options
    usb_keyboard 1-2
    for options in luks,tpm2-device=auto luks,keyscript=/bin/ask; do
        put /etc/crypttab "secret UUID=$UUID none $options"
        needs 0000:00:14.0 "$CRYPTTAB" || { echo "$options" && return 1; }
    done
    put /etc/crypttab "secret UUID=$UUID /etc/keys/secret luks,keyscript=/bin/ask"
    needs 0000:00:14.0 "$CRYPTTAB"
    rm "$ROOT/etc/crypttab"
    for options in rd.luks.uuid=$UUID rd_LUKS_UUID=$UUID luks.uuid=$UUID rd.luks.name=$UUID=x luks.name=$UUID=x; do
        cmdline "$options"
        needs 0000:00:14.0 "the only keyboard, and a passphrase may be asked for (the command line's rd.luks)" || { echo "$options" && return 1; }
    done
}

@test "no keyboard shows where a passphrase may be asked: every USB controller may be for it" {
    passphrase
    unclear 'no keyboard shows' 0000:00:14.0 0000:00:15.0
}

@test "a YubiKey and a mouse with keys are no keyboards to count on" {
    local dir
    usb_keyboard 1-2
    usb_keyboard 2-2
    dir=$(readlink -f "$ROOT/sys/class/input/input2")
    passphrase
    rule usb '[Match]' Address=00:14.0
    candidates 0000:00:14.0
    needs_nothing
    printf '1050\n' >"$(mkdir -p "$dir/id" && echo "$dir/id/vendor")"
    needs 0000:00:14.0 "$CRYPTTAB"
    rm -r "$dir/id"
    needs_nothing
    printf '120017\n' >"$dir/capabilities/ev"
    needs 0000:00:14.0 "$CRYPTTAB"
}

@test "the root is on an encrypted volume that no table has: the only keyboard stays" {
    usb_keyboard 1-2
    crypt dm-0 254:0 root sda3
    root_is '27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/mapper/root rw'
    needs 0000:00:14.0 "the only keyboard, and a passphrase may be asked for (dm-0 crypt, which / is on)"
    put /etc/crypttab "root UUID=$UUID /etc/keys/secret luks"
    needs_nothing
}

@test "so does what systemd finds by the partition's type, which no table has; and not what is mounted elsewhere" {
    local at
    usb_keyboard 1-2
    crypt dm-0 254:0 data sda3
    for at in /home /srv /var; do
        mounted dm-0 "$at" ext4
        needs 0000:00:14.0 "the only keyboard, and a passphrase may be asked for (dm-0 crypt, which $at is on)"
        sed -i "\\, $at ,d" "$ROOT/proc/self/mountinfo"
    done
    mounted dm-0 /media/data ext4
    needs_nothing
}

# an_image_from_elsewhere: with the root mounted.
an_image_from_elsewhere() {
    put /etc/initrd-release ID=debian
    add_line /proc/self/mountinfo '40 1 8:2 / /sysroot rw,relatime shared:1 - ext4 /dev/sda2 rw'
    put /sysroot/etc/fstab '# nothing'
    rm "$ROOT/etc/passthrough.d/usb.conf"
    rule gpu '[Match]' Address=05:00.0
}

# both_stages ACTION: what the image's stages, one after the other, decide of the card.
both_stages() {
    local stage
    rm -rf "$ROOT/run/passthrough"
    for stage in initrd root; do
        run --separate-stderr env SYSTEMD_IN_INITRD=1 "$BUILD/passthrough-bind" --root="$ROOT" --stage=$stage
    done
    is "$(awk -F'\t' '$1 == "D" { print $7, $9 }' "$ROOT/run/passthrough/record" | sort | uniq -c | xargs)" "$1" 'decided'
}

@test "an image from elsewhere takes a graphics card with its USB and UCSI functions once their buses were read and are empty" {
    local duration
    turing
    an_image_from_elsewhere
    plan
    device 0000:05:00.0 bind vfio-pci root
    device 0000:05:00.2 bind vfio-pci root
    device 0000:05:00.3 bind vfio-pci root
    both_stages '4 refuse root'
    duration=/sys/$(pci_dir 0000:05:00.2)/usb5/power/connected_duration
    put "$duration" 2999
    both_stages '4 refuse root'
    put "$duration" 3000
    both_stages '4 bind root'
    mv "$(pci_file 0000:05:00.2 driver)" "$BATS_TEST_TMPDIR/driver"
    both_stages '4 refuse root'
    mv "$BATS_TEST_TMPDIR/driver" "$(pci_file 0000:05:00.2 driver)"
    usb_keyboard 5-1
    both_stages '4 refuse root'
    rule gpu '[Match]' Address=05:00.0 '[Device]' Stage=initrd
    plan
    refused 0000:05:00.0 0000:05:00.2
}

@test "an image of this host takes no graphics card with functions that the host did not clear" {
    turing
    firmware_uuid
    usb_keyboard 5-1
    passphrase
    rule gpu '[Match]' Address=05:00.0
    image_built
    rm "$ROOT/etc/crypttab"
    an_image_from_elsewhere
    plan
    refused 0000:05:00.0 '0000:05:00.[23]'
}

@test "a chip or a token may ask though there is a key file, and a token is on any USB controller" {
    local options
    usb_keyboard 1-2
    put /etc/crypttab "secret UUID=$UUID /etc/keys/secret luks,tpm2-device=auto"
    needs 0000:00:14.0 "$CRYPTTAB"
    for options in fido2-device=auto pkcs11-uri=auto; do
        put /etc/crypttab "secret UUID=$UUID /etc/keys/secret luks,$options"
        unclear 'crypttab wants a token for secret' 0000:00:15.0 0000:00:14.0 || { echo "$options" && return 1; }
    done
    rm "$ROOT/etc/crypttab"
    cmdline rd.luks.options=fido2-device=auto
    unclear 'the command line wants a token' 0000:00:15.0 0000:00:14.0
}

@test "the keys of a mouse are a device beside it; a keyboard beside a mouse on one receiver is one" {
    local usb
    usb_keyboard 1-2
    usb_keyboard 2-2
    passphrase
    rule usb '[Match]' Address=00:14.0
    candidates 0000:00:14.0
    needs_nothing
    usb=$(readlink "$ROOT/sys/bus/usb/devices/2-2")
    input 8 "${usb#../../../}/2-2:1.1/0003:046D:C52B.0002" mouse
    needs_nothing
    input 9 "${usb#../../../}/2-2:1.1/0003:046D:C31C.0003" mouse
    needs 0000:00:14.0 "$CRYPTTAB"
}

# laptop: a keyboard on I2C, and a second host of the kind; a rule would take both.
laptop() {
    firmware_uuid
    pci_add 0000:00:19.0 8086:43e8 0c80 group=71 driver=intel-lpss
    pci_add 0000:00:1a.0 8086:43e9 1180 group=72 driver=intel-lpss
    input 5 "$(pci_dir 0000:00:19.0)/i2c_designware.0/i2c-1/i2c-GXTP0001:00/0018:27C6:0001.0001"
    mkdir -p "$ROOT/sys/$(pci_dir 0000:00:1a.0)/i2c_designware.1/i2c-2"
    rule i2c '[Match]' 'Address=00:19.0 00:1a.0' '[Device]' Expect=0- Stage=initrd
    candidates 0000:00:19.0 0000:00:1a.0
    rm "$ROOT/etc/passthrough.d/usb.conf"
}

@test "the only keyboard is on I2C: its host stays, in the plan and in the initrd; the host beside it goes" {
    local driver
    laptop
    passphrase
    needs 0000:00:19.0 "$CRYPTTAB"
    image_built
    put /etc/initrd-release ID=debian
    rm -rf "$ROOT"/sys/class/{block,input} "$ROOT/proc/self/mountinfo" "$ROOT/proc/swaps"
    for driver in 0000:00:19.0 0000:00:1a.0; do rm "$(pci_file $driver driver)"; done
    plan
    refused 0000:00:19.0 '^not cleared|^the host needed it'
    bound 0000:00:1a.0
}

@test "no keyboard shows: a host of I2C without a driver may be for it" {
    laptop
    passphrase
    rm "$ROOT/sys/class/input/input5"
    rm -r "$ROOT/sys/$(pci_dir 0000:00:19.0)/i2c_designware.0" "$(pci_file 0000:00:19.0 driver)"
    unclear 'no keyboard shows' 0000:00:19.0
}
