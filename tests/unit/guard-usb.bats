# What the host needs of USB devices, and what it may need: by what their interfaces may be, and by what has not shown yet. The
# controllers' verdicts do not change for it.

load product
load tree
load tree-users
load tree-usb
load tree-guard

UUID=0f0e0d0c-1111-4222-8333-444455556666
STICK=5a5a0d0c-1111-4222-8333-444455556666
UNSEEN='what is on it has not been seen, and may be what is missing'

# A controller with a stick at 1-1 that the host has looked at, an empty socket 1-2, and a rule for whatever is there.
setup() {
    candidates 1-1
    INPUTS=0
    tree_again guard-usb && return
    tree_new
    tags sda1 UUID=ABCD-EF01 TYPE=vfat
    tags sda2 UUID=$ROOT_UUID TYPE=ext4
    mkdir -p "$ROOT/sys/class/input"
    pci_add 0000:00:14.0 1b36:000d 0c0330 group=7 driver=xhci_hcd
    usb_controller 0000:00:14.0 1 2
    usb_add 1-1 0951:1666 class=08 serial=AA01 driver=usb-storage
    usb_disk sdb 8:16 1-1
    tags sdb UUID=$STICK TYPE=vfat LABEL=STICK
    rule any '[Match]' Bus=usb 'Class=!09' '[Device]' Expect=0-
    tree_keep guard-usb
}

# controller WHAT: another run, in which a rule has the controller alone, is refused so; "": it is taken.
controller() {
    rule any '[Match]' Class=usb '[Device]' Expect=0-
    plan
    if [[ $1 ]]; then refused 0000:00:14.0 "$1"; else bound 0000:00:14.0; fi
}

@test "a stick that the host has looked at and does not need is taken" {
    needs_nothing
    controller ''
}

@test "a stick that is mounted, and so its controller" {
    mounted sdb /mnt vfat
    needs 1-1 'sdb ← /mnt'
    controller 'sdb ← /mnt'
}

@test "a stick that fstab names, with nofail and by its label" {
    put /etc/fstab 'LABEL=STICK /backup vfat nofail 0 0'
    needs 1-1 'sdb ← fstab /backup'
}

@test "a stick with the key of a disk" {
    put /etc/crypttab "root UUID=$ROOT_UUID /key:UUID=$STICK luks"
    needs 1-1 'sdb ← crypttab root'
}

@test "a stick with the key of a disk, for a script that is told the file on it" {
    local key
    for key in /dev/disk/by-label/STICK:/key:5 /dev/disk/by-uuid/$STICK:key /dev/disk/by-id/usb-AA01-0:0:/key /dev/sdb:4096:512 LABEL=STICK:vfat:/key; do
        tags sdb UUID=$STICK TYPE=vfat LABEL=STICK link=disk/by-label/STICK link=disk/by-uuid/$STICK link=disk/by-id/usb-AA01-0:0
        put /etc/crypttab "root UUID=$ROOT_UUID $key luks,keyscript=/lib/cryptsetup/scripts/passdev"
        needs 1-1 'sdb ← crypttab root'
    done
}

@test "a key on what nobody has seen, with something behind its name" {
    put /etc/crypttab "root UUID=$ROOT_UUID /dev/disk/by-label/OTHER:/key luks,keyscript=passdev"
    needs_nothing # it is known to be another
    unseen
    unclear "$UNSEEN: crypttab has /dev/disk/by-label/OTHER for root" 1-1
    put /etc/crypttab "root UUID=$ROOT_UUID /dev/disk/by-id/usb-BB01-0:0:/key luks,keyscript=passdev"
    unclear '/dev/disk/by-id/usb-BB01-0 for root' 1-1
}

@test "a stick with the key of a disk, by the command line" {
    cmdline rd.luks.key=/key:UUID=$STICK
    needs 1-1 'sdb ← rd.luks.key='
}

@test "a stick behind a hub, and not the one beside it" {
    usb_remove 1-1
    usb_add 1-1 05e3:0610 class=09 device=09 driver=hub ports=4
    usb_add 1-1.1 0951:1666 class=08 serial=AA01 driver=usb-storage
    usb_add 1-1.2 0951:1666 class=08 serial=AA02 driver=usb-storage
    usb_disk sdb 8:16 1-1.1
    usb_disk sdc 8:32 1-1.2
    tags sdc TYPE=vfat UUID=5B5B-0001
    mounted sdb /mnt vfat
    candidates 1-1.1 1-1.2
    needs 1-1.1 'sdb ← /mnt'
}

# --- nobody has looked at it yet

unseen() { # unseen: the stick in its socket, as it is when it has just come
    usb_remove 1-1
    usb_add 1-1 0951:1666 class=08 serial=AA01
}

@test "a stick that has just come, where all that is declared is here" {
    unseen
    put /etc/fstab "UUID=$ROOT_UUID / ext4 defaults 0 1"
    needs_nothing
}

@test "a stick that has just come, where something that fstab names is not here: it says which" {
    put /etc/fstab "UUID=$UUID /backup ext4 nofail 0 0"
    needs_nothing # it is known to be another
    unseen
    unclear "$UNSEEN: fstab has UUID=$UUID for /backup, and its disk is unknown; it can be handed over once" 1-1
}

@test "a stick that the host has looked at may be what is named in a way that nobody can follow" {
    cmdline resume=PARTUUID=8e4858b5-61b1-4361-a5fb-940eb8cbf1ae/PARTNROFF=1
    unclear 'resume=PARTUUID=8e4858b5-61b1-4361-a5fb-940eb8cbf1ae/PARTNROFF=1, and its disk is unknown' 1-1
    put /etc/fstab '/dev/sdz1 /backup ext4 nofail 0 0'
    unclear '/dev/sdz1' 1-1
}

@test "a disk that its driver has, and that udev has not looked at, where something is missing" {
    put /etc/fstab "UUID=$UUID /backup ext4 nofail 0 0"
    rm "$ROOT/run/udev/data/b8:16"
    unclear "$UNSEEN" 1-1
}

@test "a stick with something closed on it, where something is missing" {
    put /etc/fstab "UUID=$UUID /backup ext4 nofail 0 0"
    rm "$ROOT/run/udev/data/b8:16"
    tags sdb UUID=$STICK TYPE=crypto_LUKS
    unclear "$UNSEEN" 1-1
}

@test "a stick that has just come may be a missing member" {
    local pv=Zx1yWv-UtSr-QpOn-MlKj-IhGf-EdCb-A98765
    unseen
    put /etc/lvm/backup/data 'data {' 'id = "aaaaaa-bbbb-cccc-dddd-eeee-ffff-gggggg"' 'physical_volumes {' 'pv0 {' "id = \"$pv\"" '}' '}' \
        'logical_volumes {' 'lv {' 'id = "hhhhhh-bbbb-cccc-dddd-eeee-ffff-gggggg"' '}' '}' '}'
    unclear "$UNSEEN: volume group data" 1-1
    rm -r "$ROOT/etc/lvm"
    put /etc/mdadm/mdadm.conf 'ARRAY /dev/md0 UUID=01234567:89abcdef:01234567:89abcdef'
    unclear "$UNSEEN: /etc/mdadm/mdadm.conf names an array" 1-1
    rm -r "$ROOT/etc/mdadm"
    put "/sys/fs/btrfs/$UUID/devinfo/2/missing" 1
    unclear "$UNSEEN: btrfs" 1-1
    rm -r "$ROOT/sys/fs/btrfs"
    needs_nothing
    raid md0 9:0 raid1 sda1
    put /sys/devices/virtual/block/md0/md/degraded 1
    unclear "$UNSEEN: array md0 lacks" 1-1
}

@test "a token of the maker's own kind may be a disk until a driver has it" {
    usb_remove 1-1
    usb_add 1-1 1234:5678 class=ff
    put /etc/fstab "UUID=$UUID /backup ext4 nofail 0 0"
    unclear "$UNSEEN" 1-1
    usb_bind 1-1 ftdi_sio
    usb_tty ttyUSB0 188:0 1-1
    needs_nothing
}

@test "a claim that udev has written down for another device is none of it" {
    usb_remove 1-1
    usb_add 1-1 0951:1667 class=08 serial=AA09
    put /etc/fstab "UUID=$UUID /backup ext4 nofail 0 0"
    usb_claimed 1-1 any
    needs_nothing
    add_line "/run/udev/data/c$(<"$(usb_file 1-1 dev)")" E:ID_VENDOR_ID=0951 E:ID_MODEL_ID=1667
    needs_nothing
    usb_claimed 1-1 any
    add_line "/run/udev/data/c$(<"$(usb_file 1-1 dev)")" E:ID_VENDOR_ID=0951 E:ID_MODEL_ID=1666
    unclear "$UNSEEN" 1-1
}

@test "a claim that udev has written down for its twin with another serial number is none of it" {
    local entry
    usb_remove 1-1
    usb_add 1-1 0951:1667 class=08 serial='AA 09/x'
    put /etc/fstab "UUID=$UUID /backup ext4 nofail 0 0"
    entry=/run/udev/data/c$(<"$(usb_file 1-1 dev)")
    was() {
        usb_claimed 1-1 any
        add_line "$entry" E:ID_VENDOR_ID=0951 E:ID_MODEL_ID=1667 E:ID_BUS=usb ${1:+"E:ID_SERIAL_SHORT=$1"}
    }
    # As udev has such a text.
    was AA_09_x
    needs_nothing
    was AA_08_x
    unclear "$UNSEEN" 1-1
    was AA_09
    unclear "$UNSEEN" 1-1
    was ''
    unclear "$UNSEEN" 1-1
    put "/sys/$(usb_dir 1-1)/serial" 'AA,09'
    needs_nothing
    rm "$(usb_file 1-1 serial)"
    needs_nothing
    was AA_09_x
    unclear "$UNSEEN" 1-1
}

@test "where its descriptors cannot be read it may be anything" {
    usb_remove 1-1
    usb_add 1-1 1234:5678 class=01 driver=snd-usb-audio descriptors=no
    needs_nothing
    put /etc/fstab "UUID=$UUID /backup ext4 nofail 0 0"
    unclear "$UNSEEN" 1-1
}

@test "where its descriptors are not all there it may be anything" {
    usb_remove 1-1
    usb_add 1-1 1234:5678 class=01 driver=snd-usb-audio other=08
    head -c 43 "$(usb_file 1-1 descriptors)" >"$BATS_TEST_TMPDIR/short"
    cp "$BATS_TEST_TMPDIR/short" "$(usb_file 1-1 descriptors)"
    needs_nothing
    put /etc/fstab "UUID=$UUID /backup ext4 nofail 0 0"
    unclear "$UNSEEN" 1-1
}

@test "a card reader that its driver has, and no card has shown yet" {
    usb_remove 1-1
    usb_add 1-1 0bda:0129 class=ff driver=rtsx_usb
    mkdir -p "$ROOT/sys/$(usb_interface 1-1)/rtsx_usb_sdmmc.1.auto/mmc_host/mmc0"
    needs_nothing
    put /etc/fstab "UUID=$UUID /sd ext4 nofail 0 0"
    unclear "$UNSEEN" 1-1
}

# --- people

passphrase() { put /etc/crypttab "secret UUID=$ROOT_UUID none luks"; }

@test "of two keyboards on one controller each may go, and not the controller" {
    usb_add 1-3 046d:c31c class=03/01/01 driver=usbhid
    input 1 "$(usb_interface 1-3)/0003:046D:C31C.0001"
    passphrase
    candidates 1-1 1-3
    needs 1-3 'the only keyboard, and a passphrase may be asked for (crypttab secret)'
    usb_add 1-4 046d:c31c class=03/01/01 driver=usbhid
    input 2 "$(usb_interface 1-4)/0003:046D:C31C.0002"
    candidates 1-1 1-3
    rule any '[Match]' Bus=usb 'Path=0000:00:14.0/1 0000:00:14.0/3' '[Device]' Expect=0-
    needs_nothing
    controller 'the only keyboard'
}

@test "a keyboard on which nobody can type, as it is inhibited, is none that stays" {
    usb_add 1-3 046d:c31c class=03/01/01 driver=usbhid
    input 1 "$(usb_interface 1-3)/0003:046D:C31C.0001"
    usb_add 1-4 046d:c31c class=03/01/01 driver=usbhid
    input 2 "$(usb_interface 1-4)/0003:046D:C31C.0002"
    passphrase
    candidates 1-1 1-3
    rule any '[Match]' Bus=usb 'Path=0000:00:14.0/1 0000:00:14.0/3' '[Device]' Expect=0-
    needs_nothing
    put "/sys/$(usb_interface 1-4)/0003:046D:C31C.0002/input/input2/inhibited" 1
    needs 1-3 'the only keyboard, and a passphrase may be asked for (crypttab secret)'
}

@test "a keyboard with a mouse in one device, where no other keyboard shows" {
    usb_add 1-3 046d:c534 class=03/01/01,03/01/02 driver=usbhid,usbhid
    input 1 "$(usb_interface 1-3 0)/0003:046D:C534.0001"
    input 2 "$(usb_interface 1-3 1)/0003:046D:C534.0002" mouse
    passphrase
    candidates 1-1 1-3
    needs 1-3 'the only keyboard, and a passphrase may be asked for (crypttab secret)'
    ps2_keyboard
    needs_nothing
}

@test "a keyboard whose own input moves a pointer, where no other keyboard shows" {
    usb_add 1-3 046d:c52b class=03/01/01 driver=usbhid
    input 1 "$(usb_interface 1-3)/0003:046D:C52B.0001"
    put "/sys/$(usb_interface 1-3)/0003:046D:C52B.0001/input/input1/capabilities/ev" 120017
    passphrase
    candidates 1-1 1-3
    needs 1-3 'the only keyboard, and a passphrase may be asked for (crypttab secret)'
}

@test "a device for people that no driver has yet, where no keyboard shows" {
    usb_add 1-3 046d:c31c class=03/01/01
    passphrase
    candidates 1-1 1-3
    unclear 'no keyboard shows' 1-3
}

@test "the token that unlocks a disk: what shows no FIDO is none, a card reader may be one" {
    usb_add 1-3 1050:0407 class=03 driver=usbhid
    usb_add 1-4 076b:3031 class=0b
    printf '\x06\xd0\xf1\x09\x01' >"$ROOT/sys/$(usb_interface 1-3)/report" && mv "$ROOT/sys/$(usb_interface 1-3)/report" "$BATS_TEST_TMPDIR/fido"
    put "/sys/$(usb_interface 1-3)/0003:1050:0407.0001/uevent" ''
    cp "$BATS_TEST_TMPDIR/fido" "$ROOT/sys/$(usb_interface 1-3)/0003:1050:0407.0001/report_descriptor"
    candidates 1-1 1-3 1-4
    ps2_keyboard
    put /etc/crypttab "root UUID=$ROOT_UUID - fido2-device=auto"
    unclear 'crypttab wants a token for root, and this may be it' 1-3
    put /etc/crypttab "root UUID=$ROOT_UUID - pkcs11-uri=auto"
    unclear 'crypttab wants a token for root, and this may be it' 1-4
    printf '\x05\x01\x09\x06' >"$ROOT/sys/$(usb_interface 1-3)/0003:1050:0407.0001/report_descriptor"
    put /etc/crypttab "root UUID=$ROOT_UUID - fido2-device=auto"
    needs_nothing
}

# --- network

@test "the uplink on USB, and the port of the modem that it is" {
    usb_add 1-3 12d1:1506 class=ff,02/0e driver=option,cdc_mbim
    usb_tty ttyUSB0 188:0 1-3
    net_interface wwan0 "$(usb_interface 1-3 1)/net/wwan0" up
    default_route wwan0
    candidates 1-1 1-3
    needs 1-3 'wwan0 ← default route'
    rule any '[Match]' Bus=tty Port=ttyUSB0 '[Device]' Expect=0-
    candidates ttyUSB0
    needs ttyUSB0 'wwan0 ← default route'
}

@test "an adapter whose interface is in another network namespace" {
    usb_add 1-3 0bda:8153 class=ff driver=r8153_new
    unclear 'driver r8153_new has it, and its interface does not show' 1-3
}

@test "an adapter without a driver, where an interface is declared that is not here" {
    usb_add 1-3 0bda:8153 class=02/06
    put /etc/network/interfaces 'auto enx001122334455' 'iface enx001122334455 inet dhcp'
    unit networking.service
    unclear 'enx001122334455' 1-3
}

# A host that would take an adapter by the manager of that name, and an adapter that has just come.
newcomer() { # newcomer UNIT
    candidates 1-1 1-3
    usb_add 1-3 0bda:8153 class=02/06
    unit "$1"
    unclear "it may be a network adapter, and its interface would be taken ($2" 1-3
}

@test "an adapter that has just come, and NetworkManager, which takes what no file excludes" {
    newcomer NetworkManager.service NetworkManager
    put /etc/NetworkManager/NetworkManager.conf '[keyfile]' 'unmanaged-devices=interface-name:eno*'
    unclear 'NetworkManager' 1-3
    put /etc/NetworkManager/NetworkManager.conf '[keyfile]' 'unmanaged-devices=interface-name:*'
    needs_nothing
}

@test "an adapter that has just come, and dhcpcd" {
    newcomer dhcpcd.service dhcpcd
    put /etc/dhcpcd.conf 'allowinterfaces eno1'
    needs_nothing
    put /etc/dhcpcd.conf 'allowinterfaces e*'
    unclear 'dhcpcd' 1-3
}

@test "an adapter that has just come, and ConnMan" {
    newcomer connman.service ConnMan
}

@test "an adapter that has just come, and a pattern of networkd, netplan or ifupdown" {
    put /etc/systemd/network/20-all.network '[Match]' 'Name=en*' '[Network]' DHCP=yes
    newcomer systemd-networkd.service /etc/systemd/network/20-all.network
    put /etc/systemd/network/20-all.network '[Match]' 'Name=lan0' '[Network]' DHCP=yes
    needs_nothing
    put /etc/network/interfaces 'allow-hotplug /e*' 'iface /e* inet dhcp'
    unclear '/etc/network/interfaces' 1-3
    rm "$ROOT/etc/network/interfaces"
    put /etc/netplan/01.yaml 'network:' '  ethernets:' '    all:' '      match: {name: "e*"}' '      dhcp4: true'
    unclear '/etc/netplan/01.yaml' 1-3
}

# drivers_of ADDRESS ALIAS MODULE: the kernel's lists say who would have the device's only interface.
drivers_of() {
    put "/sys/$(usb_dir "$1")/bNumConfigurations" 1
    put "/sys/$(usb_dir "$1")/bNumInterfaces" ' 1'
    put "/sys/$(usb_interface "$1")/modalias" usb:v0403p6001d0600dc00dsc00dp00icFFiscFFipFFin00
    [[ ! ${2-} ]] || echo "alias $2 $3" >>"$ROOT/lib/modules/$KERNEL/modules.alias"
}

@test "what the maker defines, which only drivers of serial ports take, is no network adapter and no disk" {
    local lib=$ROOT/lib/modules/$KERNEL alias='usb:v0403p6001d*dc*dsc*dp*ic*isc*ip*in*'
    usb_remove 1-1
    usb_add 1-1 0403:6001 class=ff
    unit NetworkManager.service
    put /etc/fstab "UUID=$UUID /backup ext4 nofail 0 0"
    unclear "$UNSEEN" 1-1
    echo 'kernel/drivers/usb/serial/ftdi_sio.ko.xz: kernel/drivers/usb/serial/usbserial.ko.xz' >>"$lib/modules.dep"
    drivers_of 1-1 "$alias" ftdi_sio
    needs_nothing
    put "/sys/$(usb_dir 1-1)/bNumConfigurations" 2
    unclear "$UNSEEN" 1-1
    drivers_of 1-1
    put "/sys/$(usb_dir 1-1)/bNumInterfaces" ' 2'
    unclear "$UNSEEN" 1-1
    drivers_of 1-1 "$alias" nobody_knows
    unclear "$UNSEEN" 1-1
    echo 'kernel/drivers/usb/storage/nobody-knows.ko:' >>"$lib/modules.dep"
    unclear "$UNSEEN" 1-1
}

@test "what the maker defines, and no driver of the kernel takes, unless one that is built in does" {
    local lib=$ROOT/lib/modules/$KERNEL
    usb_remove 1-1
    usb_add 1-1 0403:6001 class=ff
    put /etc/fstab "UUID=$UUID /backup ext4 nofail 0 0"
    drivers_of 1-1 'usb:v0404p*' ftdi_sio
    needs_nothing
    echo kernel/drivers/usb/storage/usb-storage.ko >>"$lib/modules.builtin"
    printf 'usb_storage.license=GPL\0usb_storage.alias=usb:v0403p6001d*dc*dsc*dp*ic*isc*ip*in*\0' >"$lib/modules.builtin.modinfo"
    unclear "$UNSEEN" 1-1
    rm "$lib/modules.builtin.modinfo"
    unclear "$UNSEEN" 1-1
}

# --- programs

# busy ADDRESS WHAT: by hand it is not taken, for what a program does with it.
busy() {
    ctl bind any
    says "$2"
}

@test "a device that a program has open: as a whole, by a node of one of its drivers, or a virtual machine by itself" {
    process 1 systemd
    process 812 qemu-system-x86 "/dev/bus/usb/001/$(printf %03d "$(<"$(usb_file 1-1 devnum)")")"
    busy 1-1 'qemu-system-x86 \(PID 812\)'
    process 812 dd /dev/sdb
    busy 1-1 'sdb ← dd \(PID 812\)'
    process 812 u2f /dev/hidraw0
    usb_add 1-3 1050:0407 class=03 driver=usbhid
    put "/sys/$(usb_interface 1-3)/0003:1050:0407.0001/hidraw/hidraw0/dev" 240:0
    put "/sys/$(usb_interface 1-3)/0003:1050:0407.0001/hidraw/hidraw0/uevent" DEVNAME=hidraw0
    busy 1-3 'hidraw0 ← u2f \(PID 812\)'
}

@test "a login on a serial port, and what ends it" {
    usb_add 1-3 0403:6001 class=ff driver=ftdi_sio
    usb_tty ttyUSB0 188:0 1-3
    process 1 systemd
    process 812 agetty /dev/ttyUSB0
    rule any '[Match]' Bus=tty Port=ttyUSB0 '[Device]' Expect=0-
    busy ttyUSB0 'agetty \(PID 812\)'
    says 'systemctl disable --now serial-getty@ttyUSB0\.service'
}

@test "an adapter whose port the host talks through: the debug shell, or a console that may yet come" {
    usb_add 1-3 0403:6001 class=ff driver=ftdi_sio
    usb_tty ttyUSB0 188:0 1-3
    candidates 1-1 1-3
    put /etc/systemd/system/debug-shell.service.d/port.conf '[Service]' TTYPath=/dev/ttyUSB0
    needs 1-3 'ttyUSB0 ← the debug shell (TTYPath= of debug-shell.service)'
    rm -r "$ROOT/etc/systemd"
    cmdline console=ttyUSB0,115200
    needs 1-3 "ttyUSB0 ← the kernel's console"
    usb_remove 1-3
    usb_add 1-3 0403:6001 class=ff
    unclear "ttyUSB0 is the kernel's console, and may be a port of this device" 1-3
}

# --- who it is

@test "a stick whose serial number was recorded is known before anybody has looked at it, another one is not" {
    put /sys/class/dmi/id/product_uuid 4c4c4544-0051-3510-8052-b4c04f4a3233
    put /etc/fstab "UUID=$UUID /backup ext4 nofail 0 0"
    mkdir "$BATS_TEST_TMPDIR/image"
    ctl image "$BATS_TEST_TMPDIR/image"
    exits 0
    unseen
    needs_nothing
    usb_remove 1-1
    usb_add 1-1 0951:1666 class=08 serial=AA02
    plan
    device 1-1 refuse
}

# recorded: what this host knows is written down; asked ADDRESS: what udev is told while it boots.
recorded() {
    firmware_uuid
    mkdir -p "$BATS_TEST_TMPDIR/image"
    ctl image "$BATS_TEST_TMPDIR/image"
    exits 0
}

asked() {
    run --separate-stderr timeout 20 "$BUILD/passthrough-demand" --root="$ROOT" --claim="$1"
}

@test "a stick that was recorded is not known to be what the host has named since" {
    put /etc/fstab 'UUID=11110d0c-1111-4222-8333-444455556666 /backup ext4 nofail 0 0'
    recorded
    unseen
    needs_nothing
    asked 1-1
    is "${lines[0]}" PASSTHROUGH_RULE=any 'answer, what was missing then is missing'
    put /etc/fstab "UUID=$UUID /srv ext4 nofail 0 0"
    asked 1-1
    is "$output" '' answer
    # A record of this moment knows no more of it.
    ctl image "$BATS_TEST_TMPDIR/image"
    unclear "$UNSEEN" 1-1
}

@test "while the host boots a keyboard that was one of several is not taken where no other shows" {
    usb_add 1-3 046d:c31c class=03/01/01 driver=usbhid serial=K1
    input 1 "$(usb_interface 1-3)/0003:046D:C31C.0001"
    usb_add 1-4 046d:c31d class=03/01/01 driver=usbhid
    input 2 "$(usb_interface 1-4)/0003:046D:C31D.0002"
    rule any '[Match]' Bus=usb ID=046d:c31c
    passphrase
    recorded
    rm "$ROOT/sys/class/input/input1"
    usb_unbind 1-3
    asked 1-3
    is "${lines[0]}" PASSTHROUGH_RULE=any 'answer, the other one shows'
    usb_remove 1-4
    rm -f "$ROOT/sys/class/input/input2"
    asked 1-3
    is "$output" '' answer
}
