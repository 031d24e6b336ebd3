# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # `vm` sets $test and reads what the verbs set
# The verbs in which TESTDIR/vm describes its machine. Sourced by `vm`; a description holds from where it stands to the end of the file, so
# that later boots of one test add to the machine.

describe() { echo "# $*"; }
# skip WHY: the test cannot be run here.
skip() {
    echo "# skip: $*"
    exit 0
}
# Read by `run`; here it is only said.
tag() { :; }
# in_full VERB…: only where the long tests run, or this one is asked for by name.
in_full() { [[ ${LAB_FULL-yes} != yes ]] || "$@"; }

# What QEMU starts where it loads the kernel itself.
kernel=$lab/vmlinux
flavour=systemd
real_image=no
image() { flavour=$1; }
# The image carries the test's config because dracut found it in /etc, not as an overlay.
image_with_config() {
    flavour=$1
    real_image=yes
}

initrd_etc=$test/etc
root_etc=$test/etc
# The image is a file that an earlier boot of this test left on its disk.
image_from_guest() {
    flavour=guest:$1
    initrd_etc=
}

# image_of_version COMMIT: images are built with the product as it was then. OLD_TREE is its source where git does not have it.
image_product=
image_of_version() {
    local source=${OLD_TREE-}
    image_product=$lab/product-of-$1
    if [[ ! $source ]]; then
        source=$work/source
        mkdir -p "$source"
        git -c safe.directory='*' -C "$top" archive "$1" 2>"$work/git.log" | tar -xf - -C "$source" 2>/dev/null ||
            skip "git does not have $1 here, and OLD_TREE does not say where its source is"
    fi
    rm -rf "$image_product"
    env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make -s -C "$source" -j2 install BUILD="$work/build" DESTDIR="$image_product" PREFIX=/usr >"$work/make.log" 2>&1 ||
        die "make install of $1 failed, see $work/make.log"
    rm -rf "$work/source" "$work/build"
}

no_etc() {
    initrd_etc=
    root_etc=
}
no_initrd_etc() { initrd_etc=; }
# file_on_disk FILE TARGET: put on the disk once, before the next boot.
disk_files=()
file_on_disk() { disk_files+=("rm $2" "write $1 $2"); }
# Config for the boots that follow, in place of TESTDIR/etc.
use_etc() {
    initrd_etc=$test/$1
    root_etc=$test/$1
}

# newer_qemu: devices that the release's own does not have.
qemu_program=(qemu-system-x86_64)
newer_qemu() {
    local dir
    dir=$("$lab_source/newer-qemu") || skip "there is no newer QEMU here"
    qemu_program=(env "QEMU_MODULE_DIR=$(echo "$dir"/root/usr/lib/*/qemu)" "$dir/root/usr/bin/qemu-system-x86_64" -L "$dir/root/usr/share/qemu"
        -L /usr/share/seabios -L /usr/lib/ipxe/qemu)
}

# One processor: two machines run side by side on two. Two where the race with udev is what the test is about.
cpus=1
cpus() { cpus=$1; }

memory=1024
memory() { memory=$1; }

# numa MIB…: NUMA nodes with so much memory each, on a processor that has pages of 1 GiB.
processor=qemu64
nodes=()
numa() {
    local size n=0
    processor=qemu64,pdpe1gb=on
    memory=0
    nodes=()
    for size; do
        nodes+=(-object "memory-backend-ram,id=node$n,size=${size}M" -numa "node,nodeid=$n,memdev=node$n")
        memory=$((memory + size))
        n=$((n + 1))
    done
}

iommu_device=intel-iommu,intremap=on,caching-mode=on
iommu_cmdline='intel_iommu=on iommu=pt'
iommu() {
    case $1 in
    intel) ;;
    amd)
        iommu_device=amd-iommu,intremap=on
        iommu_cmdline='iommu=pt'
        ;;
    none) iommu_device= ;;
    *) die "unknown IOMMU $1" ;;
    esac
}

devices=()
device() { devices+=(-device "$1"); }
# What devices need behind them: -drive, -netdev.
backends=()
no_devices() {
    devices=()
    backends=()
    chassis=0
    nics=0
}

chassis=0
# port NAME SLOT: a root port at 00:SLOT.0. Always an address: automatic ones would shift bus numbers unasked.
port() {
    chassis=$((chassis + 1))
    device "pcie-root-port,id=$1,chassis=$chassis,slot=$chassis,bus=pcie.0,addr=$2.0"
}

# card NAME SLOT: a graphics card (1002:5159, radeon) and its audio function (8086:293e, snd_hda_intel), one IOMMU group.
card() {
    port "$1" "$2"
    device "ati-vga,model=rv100,bus=$1,addr=00.0,multifunction=on,romfile="
    device "ich9-intel-hda,id=$1-snd,bus=$1,addr=00.1,multifunction=on"
    device "hda-output,bus=$1-snd.0,audiodev=snd"
}

edu() {
    port "$1" "$2"
    device "edu,bus=$1"
}

# credential NAME: a rule on standard input, which the firmware gives systemd as a credential, for the boots that follow.
credential() {
    devices+=(-smbios "type=11,value=io.systemd.credential.binary:passthrough.d.$1=$(base64 -w 0)")
}

# QEMU's AMD IOMMU knows a device's bus only if it is the root bus: behind a port its DMA is looked up under the wrong number.
edu_on_root_bus() { device "edu,bus=pcie.0,addr=$1.0"; }

# ---- disks ----

# The lab's disk, and how the kernel finds the root.
disk_device=virtio-blk-pci,drive=root,bus=pcie.0,addr=1e.0
root_cmdline='root=/dev/vda rootfstype=ext4'
# Where it begins on that disk, in MiB, and how large it is.
root_start=0
root_size=1500
root_layout=
# The file system, of those in build/lab/SUITE.
root_image=disk
readonly lab_root_uuid=4c414200-0000-4000-8000-000000000001

# fstab LINE: instead of the root's own fstab; a further one adds a line. The initrd is not told.
fstab=()
fstab() { fstab+=("$1"); }
crypttab=()
crypttab() { crypttab+=("$1"); }

# root_nvme NAME SLOT: the root on the first partition of an NVMe disk whose serial is NAME.
root_nvme() {
    port "$1" "$2"
    disk_device=nvme,drive=root,serial=$1,bus=$1,addr=00.0
    root_start=1
    root_cmdline="root=UUID=$lab_root_uuid rootfstype=ext4"
    fstab "UUID=$lab_root_uuid / ext4 rw,noatime 0 0"
}

# root_usb NAME SLOT: the same on a USB disk behind a controller of its own.
root_usb() {
    root_nvme "$1" "$2"
    device "qemu-xhci,id=$1-usb,bus=$1,addr=00.0"
    disk_device=usb-storage,drive=root,bus=$1-usb.0
}

# boot_loader NAME [ROOT]: the root is that of a host that GRUB (by BIOS) or systemd-boot (by UEFI, its partition the first) boots; see `boot_from_disk`.
boot_loader=
boot_loader() {
    boot_loader=$1
    case $boot_loader in
    grub) root_start=1 ;;
    systemd-boot) root_start=257 ;;
    *) die "unknown boot loader $1" ;;
    esac
    root_image=${2:-host}
    root_size=1700
    if [[ $root_image == bare ]]; then root_size=2600; fi
    if [[ $root_image == fresh ]]; then root_size=4000; fi
    root_cmdline="root=UUID=$lab_root_uuid rootfstype=ext4"
    fstab "UUID=$lab_root_uuid / ext4 rw,noatime 0 0"
    case $root_image in
    initramfs) initramfs_tools ;;
    uki | tpm) "$lab_source/host" "$root_image" ;;
    *) "$lab_source/$root_image" ;;
    esac
}

# secure_boot: the firmware starts only what is signed with a key that everybody has (ovmf's); it is /lab/key, and /lab/certificate its certificate.
keys=
locked=()
secure_boot() {
    local own=/usr/share/ovmf/PkKek-1-snakeoil
    keys=.snakeoil
    # The variables are out of an operating system's reach.
    locked=(-machine smm=on -global driver=cfi.pflash01,property=secure,value=on)
    openssl pkey -in $own.key -passin pass:snakeoil -out "$work/key"
    file_on_disk "$work/key" /lab/key
    file_on_disk $own.pem /lab/certificate
}

# esp MIB: its size, in place of 256.
esp() { root_start=$(($1 + 1)); }

# tpm: the machine has one, whose keys last as long as the test.
tpm=no
tpm() {
    command -v swtpm >/dev/null || skip "there is no swtpm here"
    tpm=yes
    backends+=(-chardev "socket,id=tpm,path=$work/tpm.socket" -tpmdev emulator,id=tpm,chardev=tpm)
    device tpm-crb,tpmdev=tpm
}

# without_product: nothing of it on the disk, nor in the image.
without_product() {
    local file
    flavour=without
    while IFS= read -r -d '' file; do disk_files+=("rm /${file#./}"); done <"$lab/product.files"
}

# bare_host: the same with systemd-boot on a host that passthrough never was on; its kernel and its image are its own, by packages.
bare_host() {
    boot_loader systemd-boot bare
    kernel=$lab/bare/boot/vmlinuz-$(<"$lab/bare.release")
    image_from_guest "/boot/initrd.img-$(<"$lab/bare.release")"
}

# fresh_host: a Debian with GRUB as its installer leaves it, with initramfs-tools; without dracut and passthrough.
fresh_host() {
    boot_loader grub fresh
    kernel=$lab/fresh/boot/vmlinuz-$(<"$lab/fresh.release")
    image_from_guest "/boot/initrd.img-$(<"$lab/fresh.release")"
}

# bring_tree: this tree, as a clone has it, as /lab/tree.tar.
bring_tree() {
    tar -cf "$work/tree.tar" -C "$top" --exclude=./build --exclude=./.git .
    bring "$work/tree.tar" tree.tar
}

# initramfs_tools: the root has that, and it makes the image.
initramfs_tools() {
    root_image=initramfs
    root_size=1700
    flavour=initramfs
    "$lab_source/host" initramfs
}

# with_qemu: the root has QEMU, for a machine inside this one.
with_qemu() {
    root_image=qemu
    "$lab_source/host" qemu
}

# with_libvirt: the root has libvirt, too, for one that libvirt makes.
with_libvirt() {
    root_image=libvirt
    "$lab_source/host" libvirt
}

# with_podman: the root has podman, for a container inside this machine.
with_podman() {
    root_image=podman
    "$lab_source/host" podman
}

# with_open_vswitch: the root has Open vSwitch, and ethtool.
with_open_vswitch() {
    root_image=openvswitch
    "$lab_source/host" openvswitch
}

# bring FILE NAME: goes to /lab/NAME.
brought=()
bring() { brought+=("$1" "/lab/$2"); }

# The package of this tree, as /lab/passthrough.deb.
bring_package() {
    local deb
    echo '# make deb'
    make -C "$top" --no-print-directory BUILD="$lab/build" deb >"$work/deb.log" 2>&1 || die "make deb failed, see $work/deb.log"
    deb=("$lab"/build/passthrough_*.deb)
    bring "${deb[0]}" passthrough.deb
}

# resets: where the machine resets itself the firmware boots it again, and QEMU goes on.
end_of_reset=(-no-reboot)
resets() { end_of_reset=(); }

# layout NAME: the disks that tests/lab/layouts/NAME makes, as NAME.img for `nvme`.
layout() {
    local image
    "$lab_source/layout" "$1"
    for image in "$lab/layout/$1"/*.img; do
        cp --sparse=always --reflink=auto "$image" "$work/"
    done
}

# root_layout NAME KERNEL-ARGUMENT…: the root is on disks of that layout, and the lab's own disk is for results alone.
root_layout() {
    root_layout=$1
    shift
    root_cmdline=$*
    layout "$root_layout"
}

# nvme NAME SLOT [SIZE]: an NVMe disk whose serial is NAME, behind a root port. NAME.img is one of a layout's, or blank.
nvme() {
    port "$1" "$2"
    drive "$1" "${3-}"
    device "nvme,drive=$1-disk,serial=$1,bus=$1,addr=00.0"
}

# drive NAME [SIZE]: what a disk is made of, as NAME-disk
drive() {
    [[ -f $work/$1.img ]] || truncate -s "${2:-64M}" "$work/$1.img"
    backends+=(-drive "if=none,id=$1-disk,format=raw,cache=unsafe,file=$work/$1.img")
}

# nvme_twin NAME SLOT SERIAL: a serial that others have, too. Its subsystem is named NAME: of two with one name the kernel takes but one.
nvme_twin() {
    nvme_controller "$@"
    drive "$1"
    device "nvme-ns,drive=$1-disk,bus=$1-nvme"
}

nvme_controller() {
    port "$1" "$2"
    device "nvme-subsys,id=$1-subsystem,nqn=$1"
    device "nvme,id=$1-nvme,serial=$3,bus=$1,addr=00.0,subsys=$1-subsystem"
}

# nvme_with_functions NAME SLOT N [detached]: a controller of up to N virtual functions, each with an I/O queue; with a namespace that all have, or
# that none has. Firmware leaves no room for functions that are not there yet; newer_qemu has them.
nvme_with_functions() {
    port "$1" "$2"
    devices[-1]+=,mem-reserve=64M
    drive "$1" 16M
    device "nvme-subsys,id=$1-subsystem,nqn=$1"
    device "nvme,id=$1-nvme,serial=$1,bus=$1,addr=00.0,subsys=$1-subsystem,sriov_max_vfs=$3,sriov_vq_flexible=$((2 * $3)),sriov_vi_flexible=$3,max_ioqpairs=$((2 * $3 + 2)),msix_qsize=$(($3 + 2))"
    device "nvme-ns,drive=$1-disk,bus=$1-nvme${4:+,shared=off,detached=on}"
}

# disk_unchanged LAYOUT NAME: byte for byte what the layout made, after all boots so far.
disk_unchanged() {
    if cmp "$lab/layout/$1/$2.img" "$work/$2.img"; then return; fi
    echo "# disk $2 is not what it was"
    failed=1
}

# ---- USB ----

# xhci NAME SLOT: a USB controller, for devices on the bus NAME-usb.0; each of its ports is for USB 2 and USB 3.
xhci() {
    port "$1" "$2"
    device "qemu-xhci,id=$1-usb,bus=$1,addr=00.0,p2=8,p3=8"
}

# stick NAME [SIZE]: NAME.img, for a usb-storage with drive=NAME-stick; it stays when that is unplugged.
stick() {
    [[ -f $work/$1.img ]] || truncate -s "${2:-16M}" "$work/$1.img"
    backends+=(-blockdev "driver=raw,node-name=$1-stick,cache.no-flush=on,file.driver=file,file.filename=$work/$1.img")
}

# comes_and_goes NAME DRIVE SERIAL PORT [CONTROLLER]: the stick DRIVE, which `request unplug-NAME` takes away and `plug-NAME` brings again.
comes_and_goes() {
    local stick="usb-storage,id=$1,drive=$2-stick,serial=$3,bus=${5-usb}-usb.0,port=$4"
    stick "$2"
    device "$stick"
    on_request "unplug-$1" "device_del $1"
    on_request "plug-$1" "device_add $stick"
}

# ---- network ----

# QEMU is 10.0.2.2; at 10.0.2.100, port 7, something echoes.
slirp() { echo "user,id=$1,guestfwd=tcp:10.0.2.100:7-cmd:/bin/cat"; }

# nic NAME SLOT: an Intel network card; the machine's first one is 52:54:00:00:00:01.
nics=0
nic() {
    port "$1" "$2"
    nics=$((nics + 1))
    backends+=(-netdev "$(slirp "$1")")
    device "e1000e,netdev=$1,bus=$1,addr=00.0,romfile=,mac=52:54:00:00:00:0$nics"
}

# nic_with_functions NAME SLOT: an 82576 of up to seven virtual functions; newer_qemu has it.
nic_with_functions() {
    port "$1" "$2"
    nics=$((nics + 1))
    backends+=(-netdev "$(slirp "$1")")
    device "igb,netdev=$1,bus=$1,addr=00.0,romfile=,mac=52:54:00:00:00:0$nics"
}

# iscsi_root INTERFACE: the root is served by tgtd, and reached through that interface. To be said first: a target announces the address
# that it was reached at, and so the whole test runs in a network of its own, where lo has one that the guest has no other use for.
iscsi_root() {
    local target=iqn.2026-01.example.lab:root address=198.51.100.1
    if [[ ${LAB_NETWORK-} != own ]]; then LAB_NETWORK=own exec unshare --net "$lab_source/vm" "$test"; fi
    ip link set lo up
    ip address add "$address/32" dev lo
    tgt=(tgtadm --control-port $$ --lld iscsi)
    mkdir -p /run/tgtd
    tgtd --control-port $$ --iscsi "portal=$address:3260"
    trap '"${tgt[@]}" --op delete --force --mode target --tid 1; "${tgt[@]}" --op delete --mode system' EXIT
    make_disk
    "${tgt[@]}" --op new --mode target --tid 1 --targetname "$target"
    "${tgt[@]}" --op new --mode logicalunit --tid 1 --lun 1 --backing-store "$disk"
    "${tgt[@]}" --op bind --mode target --tid 1 --initiator-address ALL
    disk_device=none
    root_cmdline="root=UUID=$lab_root_uuid rootfstype=ext4 net.ifnames=0 rd.neednet=1 ip=10.0.2.15::10.0.2.2:255.255.255.0::$1:none"
    root_cmdline+=" rd.iscsi.initiator=iqn.2026-01.example.lab:guest netroot=iscsi:$address::3260:1:$target"
    fstab "UUID=$lab_root_uuid / ext4 rw,noatime 0 0"
}

# ---- what the host itself says ----

# clearance_from TREE: the images that follow carry what `passthroughctl image` writes on the machine captured at TREE of the disk.
cleared=
clearance_from() {
    local tree=$work/host/${1##*/}
    cleared=$work/cleared
    rm -rf "$work/host" "$cleared"
    mkdir -p "$work/host" "$cleared"
    debugfs -R "rdump $1 $work/host" "$(disk_fs)" >"$work/host.log" 2>&1
    [[ -d $tree/sys ]] || die "no captured machine at $1"
    [[ -z $root_etc ]] || cp -a "$root_etc/." "$tree/etc/"
    "$lab/product/usr/bin/passthroughctl" --root="$tree" image --kernel="$(kernel_release)" "$cleared" >>"$work/host.log" 2>&1
}

# image_part_from DIR: the images that follow carry what `passthroughctl image` wrote to DIR of the disk, in the guest and at a moment of its own.
image_part_from() {
    cleared=$work/cleared
    rm -rf "$work/part" "$cleared"
    mkdir -p "$work/part"
    debugfs -R "rdump $1 $work/part" "$(disk_fs)" >"$work/host.log" 2>&1
    if [[ -d $work/part/${1##*/} ]]; then
        mv "$work/part/${1##*/}" "$cleared"
    else
        cleared=
        failed=1
        echo "# the guest left no $1"
    fi
}

no_clearance() { cleared=; }

# on_request NAME COMMAND: what QEMU's monitor is told when the guest says `request NAME`.
declare -A requests=()
on_request() { requests[$1]=$2; }

# line NAME: a serial line, the chardev NAME, and the machine at its other end: what comes there in a boot is in NAME.txt.
lines=()
line() {
    lines+=("$1")
    backends+=(-chardev "pipe,id=$1,path=$work/$1")
}

# says_on_request NAME LINE TEXT: what that machine sends when the guest says `request NAME`.
declare -A from_outside=()
says_on_request() {
    requests[$1]=$3
    from_outside[$1]=$2
}

# types PROMPT TEXT WHEN…: what somebody types on the serial line where PROMPT stands there for the first, the second, … time: so many seconds later,
# or never. Behind the last WHEN nothing more is typed.
typed=()
types() { typed=("$@"); }

# said BOOT TEXT: the serial line of that boot has it.
said() {
    if grep -qF -- "$2" "$work/$1.log"; then return; fi
    echo "# boot $1: nothing on its serial line says: $2"
    failed=1
}

append=
append() { append+=" $*"; }

# masquerade ADDRESS=VENDOR:DEVICE:CLASS…: these functions read as other hardware before anything in the initrd looks at them.
disguises=()
masquerade() { disguises=("$@"); }

# Native drivers that take seconds to load in an emulated machine and have no part in most tests.
unwanted=amdgpu,kvm,kvm_amd,psmouse,pcspkr,iTCO_wdt,i2c_i801,powernow_k8,acpi_cpufreq,evdev,joydev,button
unwanted() { unwanted=$1; }
