# shellcheck shell=bash
#
# Verbs that build a machine below $ROOT: what the kernel shows of its PCI functions, its modules, its command line and
# its configuration, laid out as on a real one (compare with any host's /sys). Use: the product's --root=$ROOT reads it.
#
#     tree_new
#     root_port 0000:00:02.0 01 slot=1
#     pci_add 0000:01:00.0 1002:5159 0300 under=0000:00:02.0 group=1 driver=radeon boot_vga=0
#     rule gpu0 '[Match]' 'Path=00:02.0/00.0'
#
# Disks, network interfaces and USB devices: tree-users.bash.

load tree-users

# Before tree_new there is no tree, and no verb may take this machine for one.
: "${ROOT:=/dev/null/no-tree}"
KERNEL=6.1.0-99-amd64
NO_RESOURCES=()
for ((i = 0; i < 13; i++)); do NO_RESOURCES+=('0x0000000000000000 0x0000000000000000 0x0000000000000000'); done
declare -gA TREE_DIR=() # PCI address → its directory below /sys, e.g. devices/pci0000:00/0000:00:02.0

# put FILE [LINE...]: one file below $ROOT; without lines it is what stdin has.
put() {
    local file=$ROOT$1
    shift
    [[ -d ${file%/*} ]] || mkdir -p "${file%/*}"
    if (($#)); then printf '%s\n' "$@" >"$file"; else cat >"$file"; fi
}

# add_line FILE LINE...: further lines at the end of a file below $ROOT.
add_line() {
    local file=$ROOT$1
    shift
    [[ -d ${file%/*} ]] || mkdir -p "${file%/*}"
    printf '%s\n' "$@" >>"$file"
}

# link FROM TO: the symlink /sys/FROM to /sys/TO, relative as sysfs makes them.
link() {
    local from=$1 up='' part
    local -a parts
    IFS=/ read -ra parts <<<"${from%/*}"
    for part in "${parts[@]}"; do [[ -z $part ]] || up+=../; done
    [[ -d $ROOT/sys/${from%/*} ]] || mkdir -p "$ROOT/sys/${from%/*}"
    ln -sfn "$up$2" "$ROOT/sys/$from"
}

# tree_new [bare]: a machine with a host bridge, an IOMMU, vfio-pci as a module and a root disk behind its AHCI controller;
# `bare` has no PCI function at all.
tree_new() {
    tree_again "${1-full}" "$BATS_RUN_TMPDIR" && return
    untraced tree_build "${1-full}"
    tree_keep "${1-full}" "$BATS_RUN_TMPDIR"
}

# tree_keep NAME: what $ROOT holds now is kept for this file's further tests. tree_again NAME: it is put back, if kept.
tree_keep() {
    local kept=${2-$BATS_FILE_TMPDIR}/tree.$1
    cp -a "$ROOT" "$kept.$$"
    mv -T "$kept.$$" "$kept" 2>/dev/null || rm -rf "$kept.$$" # tests may run side by side
}

tree_again() {
    ROOT=$BATS_TEST_TMPDIR/root
    TREE_DIR=()
    rm -rf "$ROOT"
    [[ -d ${2-$BATS_FILE_TMPDIR}/tree.$1 ]] && cp -a "${2-$BATS_FILE_TMPDIR}/tree.$1" "$ROOT"
}

# machine NAME: a machine of machines/, built once for all the tests of a file.
machine() {
    tree_again "$1" && return
    untraced . "$BATS_TEST_DIRNAME/machines/$1"
    tree_keep "$1"
}

# initramfs_tools_there: likewise.
initramfs_tools_there() {
    put /usr/sbin/mkinitramfs '#!/bin/sh'
    put /usr/sbin/update-initramfs '#!/bin/sh' 'mkinitramfs -o "$initramfs.new" "$version"'
    put /etc/kernel/postinst.d/initramfs-tools '#!/bin/sh'
    put /usr/share/initramfs-tools/hooks/passthrough '#!/bin/sh'
    put /usr/share/initramfs-tools/scripts/init-top/00-passthrough '#!/bin/sh'
}

# dracut_there: a host that makes its images with it, and puts our part into them.
dracut_there() {
    put /usr/bin/dracut '#!/bin/bash'
    put /etc/kernel/postinst.d/dracut '#!/bin/sh'
    put /usr/lib/dracut/modules.d/50passthrough/module-setup.sh '#!/bin/bash'
}

# image_there: what boots the running kernel has an image beside it, which dracut makes.
image_there() {
    dracut_there
    put "/boot/vmlinuz-$KERNEL" kernel
    put "/boot/initrd.img-$KERNEL" image
}

# menu_there: GRUB boots that, as Debian has it.
menu_there() {
    put /etc/debian_version 12
    put /etc/default/grub 'GRUB_CMDLINE_LINUX=""'
    put /boot/grub/grub.cfg "menuentry 'Debian GNU/Linux' {" "	linux	/boot/vmlinuz-$KERNEL root=UUID=5d1b7b2e-53c5-4d2c-9d3b-0a63fbb41a11 ro" \
        "	initrd	/boot/initrd.img-$KERNEL" '}'
}

# untraced COMMAND...: in a shell that bats does not trace, which is many times faster. What it does to variables is lost.
untraced() {
    (trap - DEBUG && set +T && "$@")
}

tree_build() {
    mkdir -p "$ROOT"/{dev,run,var,usr/lib,etc/passthrough.d} "$ROOT"/sys/{devices/virtual,kernel/iommu_groups,module} \
        "$ROOT"/sys/bus/{pci,usb}/{devices,drivers} "$ROOT"/sys/bus/pci/slots "$ROOT"/sys/class/{block,net,iommu} \
        "$ROOT/lib/modules/$KERNEL" "$ROOT"/proc/{self,net,sys/kernel}
    : >"$ROOT/sys/bus/pci/drivers_probe"
    put /proc/sys/kernel/osrelease "$KERNEL"
    put /proc/cmdline "BOOT_IMAGE=/boot/vmlinuz-$KERNEL root=UUID=5d1b7b2e-53c5-4d2c-9d3b-0a63fbb41a11 ro quiet intel_iommu=on"
    put /proc/swaps $'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority'
    put /proc/net/route $'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT'
    : >"$ROOT/proc/net/ipv6_route"
    put /proc/self/mountinfo '22 27 0:21 / /proc rw,relatime - proc proc rw' '23 27 0:22 / /sys rw,relatime - sysfs sysfs rw' \
        '24 27 0:6 / /dev rw,relatime - devtmpfs devtmpfs rw,size=1000k' '25 27 0:23 / /run rw,nosuid - tmpfs tmpfs rw'
    put /proc/mounts 'proc /proc proc rw,relatime 0 0' 'sysfs /sys sysfs rw,relatime 0 0' \
        'devtmpfs /dev devtmpfs rw,size=1000k 0 0' 'tmpfs /run tmpfs rw,nosuid 0 0'
    put /etc/machine-id 0123456789abcdef0123456789abcdef
    hostname_is lab-host
    product_is 'PowerEdge R740'
    modules_new
    mkdir -p "$ROOT/sys/devices/virtual/iommu/dmar0/devices"
    link class/iommu/dmar0 devices/virtual/iommu/dmar0
    # What the host answers on, so that no card has to be: none that any bus here has.
    put /sys/devices/platform/board/net/lan0/flags 0x1003
    link class/net/lan0 devices/platform/board/net/lan0
    default_route lan0
    [[ $1 != bare ]] || return 0
    pci_root 0000:00
    pci_add 0000:00:00.0 8086:29c0 0600 group=0
    pci_add 0000:00:1f.0 8086:2918 0601 group=9
    pci_add 0000:00:1f.2 8086:2922 010601 group=9 driver=ahci
    pci_add 0000:00:1f.3 8086:2930 0c05 group=9
    disk sda 8:0 0000:00:1f.2
    part sda1 8:1
    part sda2 8:2
    mounted sda2 / ext4
    mounted sda1 /boot/efi vfat
}

hostname_is() {
    put /etc/hostname "$1"
    put /proc/sys/kernel/hostname "$1"
}

product_is() {
    put /sys/devices/virtual/dmi/id/product_name "$1"
    link class/dmi/id devices/virtual/dmi/id
}

# cmdline TOKEN...: further tokens on the kernel command line.
cmdline() {
    printf '%s %s\n' "$(<"$ROOT/proc/cmdline")" "$*" >"$ROOT/proc/cmdline"
}

# rule NAME LINE...: /etc/passthrough.d/NAME.conf. rule_in DIR NAME LINE...: the same elsewhere, e.g. /usr/lib/passthrough.d.
rule() {
    put "/etc/passthrough.d/$1.conf" "${@:2}"
}

rule_in() {
    put "$1/$2.conf" "${@:3}"
}

# --- modules

modules_new() {
    local lib=/lib/modules/$KERNEL
    put $lib/modules.dep \
        'kernel/drivers/vfio/vfio.ko:' \
        'kernel/drivers/vfio/vfio_virqfd.ko:' \
        'kernel/drivers/vfio/vfio_iommu_type1.ko: kernel/drivers/vfio/vfio.ko' \
        'kernel/virt/lib/irqbypass.ko:' \
        'kernel/drivers/vfio/pci/vfio-pci-core.ko: kernel/drivers/vfio/vfio_virqfd.ko kernel/virt/lib/irqbypass.ko kernel/drivers/vfio/vfio.ko' \
        'kernel/drivers/vfio/pci/vfio-pci.ko: kernel/drivers/vfio/pci/vfio-pci-core.ko kernel/drivers/vfio/vfio_virqfd.ko kernel/virt/lib/irqbypass.ko kernel/drivers/vfio/vfio.ko' \
        'kernel/drivers/vfio/pci/mlx5/mlx5-vfio-pci.ko: kernel/drivers/vfio/pci/vfio-pci-core.ko kernel/drivers/vfio/vfio_virqfd.ko kernel/virt/lib/irqbypass.ko kernel/drivers/vfio/vfio.ko' \
        'kernel/drivers/gpu/drm/radeon/radeon.ko:' \
        'kernel/drivers/gpu/drm/nouveau/nouveau.ko:' \
        'kernel/sound/pci/hda/snd-hda-intel.ko:' \
        'kernel/drivers/net/ethernet/intel/e1000e/e1000e.ko:' \
        'kernel/drivers/xen/xen-pciback/xen-pciback.ko:'
    put $lib/modules.builtin kernel/drivers/ata/ahci.ko kernel/drivers/tty/serial/8250/8250_pci.ko kernel/drivers/pci/pci-stub.ko
    put $lib/modules.alias '# Aliases extracted from modules themselves.' \
        'alias vfio_pci:v*d*sv*sd*bc*sc*i* vfio_pci' \
        'alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5_vfio_pci' \
        'alias pci:v00001002d00005159sv*sd*bc*sc*i* radeon' \
        'alias pci:v000010DEd*sv*sd*bc03sc*i* nouveau' \
        'alias pci:v00001002d0000AA38sv*sd*bc*sc*i* snd_hda_intel' \
        'alias pci:v00008086d000010D3sv*sd*bc*sc*i* e1000e'
    put $lib/modules.softdep '# Soft dependencies extracted from modules themselves.' 'softdep vfio post: vfio_iommu_type1 vfio_iommu_spapr_tce'
    : >"$ROOT$lib/modules.builtin.modinfo"
}

# module NAME loadable|builtin|absent: where the running kernel has that module.
module() {
    local name=${1//_/-} lib=$ROOT/lib/modules/$KERNEL
    sed -i "/\/${name//-/[-_]}\.ko/d" "$lib/modules.builtin"
    sed -i "/^[^:]*\/${name//-/[-_]}\.ko:/d" "$lib/modules.dep"
    case $2 in
    loadable) printf 'kernel/drivers/misc/%s.ko:\n' "$name" >>"$lib/modules.dep" ;;
    builtin)
        printf 'kernel/drivers/misc/%s.ko\n' "$name" >>"$lib/modules.builtin"
        driver_present "$1"
        ;;
    absent) ;;
    *) return 1 ;;
    esac
}

# driver_present NAME: a driver that is registered on the PCI bus, bound or not.
driver_present() {
    local dir=sys/bus/pci/drivers/$1
    [[ -d $ROOT/$dir ]] || mkdir -p "$ROOT/$dir" "$ROOT/sys/module/$(module_of "$1")"
    : >"$ROOT/$dir/bind" && : >"$ROOT/$dir/unbind" && : >"$ROOT/$dir/new_id"
}

# A driver's module need not have its name.
module_of() {
    if [[ $1 == serial ]]; then echo 8250_pci; else echo "${1//-/_}"; fi
}

# --- PCI

# pci_root DOMAIN:BUS [below=ADDRESS | in=DIRECTORY]: a host bridge's root bus; below= a function that provides it (VMD),
# in= a platform's or a hypervisor's directory.
pci_root() {
    local dir=devices/pci$1
    case ${2-} in
    below=*) dir=$(pci_dir "${2#below=}")/pci$1 ;;
    in=*) dir=devices/${2#in=}/pci$1 ;;
    esac
    mkdir -p "$ROOT/sys/$dir/pci_bus/$1"
    TREE_DIR[root:$1]=$dir
}

# pci_dir ADDRESS: that function's directory, without /sys/.
pci_dir() {
    local target=${TREE_DIR[$1]-}
    if [[ -z $target ]]; then
        target=$(readlink "$ROOT/sys/bus/pci/devices/$1") || { echo "no function $1 in the tree" >&2 && return 1; }
        target=${target#../../../}
    fi
    echo "$target"
}

# pci_file ADDRESS ATTRIBUTE: that file's path in this machine's own terms.
pci_file() {
    echo "$ROOT/sys/$(pci_dir "$1")/$2"
}

# pci_set ADDRESS ATTRIBUTE VALUE
pci_set() {
    printf '%s\n' "$3" >"$(pci_file "$1" "$2")"
}

# pci_add ADDRESS VENDOR:DEVICE CLASS [under=BRIDGE] [group=N] [driver=NAME] [subsystem=V:D] [boot_vga=0|1|absent]
#         [serial=xx-xx-xx-xx-xx-xx-xx-xx] [slot=NAME] [physfn=ADDRESS index=N] [bus=NN, for a bridge] [override=NAME]
# CLASS is hex, two to six digits (0300 = 030000). Without group= there is no iommu_group link.
pci_add() {
    untraced pci_function "$@"
    TREE_DIR[$1]=$(pci_dir "$1")
}

pci_function() {
    local address=$1 vendor=${2%:*} device=${2#*:} class=$3 key
    local -A o=([under]='' [group]='' [driver]='' [subsystem]=1af4:1100 [boot_vga]='' [serial]='' [slot]='' [physfn]=''
        [index]='' [bus]='' [override]='(null)')
    while [[ ${#class} -lt 6 ]]; do class+=0; done
    for key in "${@:4}"; do
        [[ -v o[${key%%=*}] ]] || { echo "pci_add: unknown key $key" >&2 && return 1; }
        o[${key%%=*}]=${key#*=}
    done

    local parent
    if [[ ${o[under]} ]]; then
        parent=$(pci_dir "${o[under]}")
    else
        parent=${TREE_DIR[root:${address%:*}]-devices/pci${address%:*}}
    fi
    local dir=$parent/$address
    mkdir -p "$ROOT/sys/$dir/power"
    TREE_DIR[$address]=$dir

    pci_files "$dir" "$address" "$vendor" "$device" "$class" "${o[subsystem]}" "${o[driver]}"
    printf '%s\n' "${o[override]}" >"$ROOT/sys/$dir/driver_override"
    pci_config "$vendor" "$device" "$class" "${o[subsystem]}" "${o[serial]}" "${o[bus]}" >"$ROOT/sys/$dir/config"
    if [[ $class == 0300* && ${o[boot_vga]} != absent ]]; then
        printf '%s\n' "${o[boot_vga]:-0}" >"$ROOT/sys/$dir/boot_vga"
    fi
    link "bus/pci/devices/$address" "$dir"
    link "$dir/subsystem" bus/pci
    [[ -z ${o[driver]} ]] || pci_bind "$address" "${o[driver]}"
    [[ -z ${o[group]} ]] || pci_group "$address" "${o[group]}"
    [[ -z ${o[slot]} ]] || put "/sys/bus/pci/slots/${o[slot]}/address" "${address%.*}"
    [[ -z ${o[bus]} ]] || pci_bus "$dir" "${address%%:*}" "${o[bus]}"
    [[ -z ${o[physfn]} ]] || pci_vf "$dir" "$(pci_dir "${o[physfn]}")" "${o[index]}"
}

# The plain attributes of one function.
pci_files() {
    local dir=$ROOT/sys/$1 address=$2 vendor=$3 device=$4 class=$5 subsystem=$6 driver=$7 modalias
    class=${class^^}
    local sv=${subsystem%:*} sd=${subsystem#*:}
    printf '0x%s\n' "$vendor" >"$dir/vendor"
    printf '0x%s\n' "$device" >"$dir/device"
    printf '0x%s\n' "${class,,}" >"$dir/class"
    printf '0x%s\n' "$sv" >"$dir/subsystem_vendor"
    printf '0x%s\n' "$sd" >"$dir/subsystem_device"
    printf '0x00\n' >"$dir/revision"
    printf '16\n' >"$dir/irq"
    printf '%s\n' "${NO_RESOURCES[@]}" >"$dir/resource"
    printf '0\n' >"$dir/enable"
    printf -- '-1\n' >"$dir/numa_node"
    printf '1\n' >"$dir/d3cold_allowed"
    printf 'flr bus\n' >"$dir/reset_method"
    printf 'auto\n' >"$dir/power/control"
    printf -v modalias 'pci:v0000%sd0000%ssv0000%ssd0000%sbc%ssc%si%s' "${vendor^^}" "${device^^}" "${sv^^}" "${sd^^}" \
        "${class:0:2}" "${class:2:2}" "${class:4:2}"
    printf '%s\n' "$modalias" >"$dir/modalias"
    printf '%sPCI_CLASS=%X\nPCI_ID=%s:%s\nPCI_SUBSYS_ID=%s:%s\nPCI_SLOT_NAME=%s\nMODALIAS=%s\n' \
        "${driver:+DRIVER=$driver$'\n'}" "0x$class" "${vendor^^}" "${device^^}" "${sv^^}" "${sd^^}" "$address" "$modalias" \
        >"$dir/uevent"
}

# pci_bind ADDRESS DRIVER: the driver links, both ways.
pci_bind() {
    local dir
    dir=$(pci_dir "$1")
    driver_present "$2"
    link "$dir/driver" "bus/pci/drivers/$2"
    link "bus/pci/drivers/$2/$1" "$dir"
    link "bus/pci/drivers/$2/module" "module/$(module_of "$2")"
    printf '1\n' >"$ROOT/sys/$dir/enable"
}

# pci_group ADDRESS N
pci_group() {
    local dir group=kernel/iommu_groups/$2
    dir=$(pci_dir "$1")
    [[ -d $ROOT/sys/$group ]] || put "/sys/$group/type" DMA
    link "$group/devices/$1" "$dir"
    link "$dir/iommu_group" "$group"
    link "$dir/iommu" devices/virtual/iommu/dmar0
}

# A bridge's secondary bus.
pci_bus() {
    mkdir -p "$ROOT/sys/$1/pci_bus/$2:$3"
    printf '%d\n' "0x$3" >"$ROOT/sys/$1/secondary_bus_number"
    printf '%d\n' "0x$3" >"$ROOT/sys/$1/subordinate_bus_number"
}

# A virtual function and its physical one. Indexes count up from 0, as the kernel makes them.
pci_vf() {
    link "$1/physfn" "$2"
    link "$2/virtfn$3" "$1"
    put "/sys/$2/sriov_numvfs" $(($3 + 1))
    put "/sys/$2/sriov_totalvfs" 8
}

# root_port ADDRESS BUS [slot=NAME] [any key of pci_add]: a PCIe root port with a group of its own unless group= is given.
root_port() {
    local address=$1 bus=$2 key slot='' function=${1##*:}
    local group=$((100 + 0x${function%.*} * 8 + ${function#*.}))
    local -a rest=()
    for key in "${@:3}"; do
        case $key in
        slot=*) slot=${key#slot=} ;;
        group=*) group=${key#group=} ;;
        *) rest+=("$key") ;;
        esac
    done
    pci_add "$address" 1b36:000c 0604 bus="$bus" driver=pcieport ${group:+group=$group} "${rest[@]}"
    [[ -z $slot ]] || put "/sys/bus/pci/slots/$slot/address" "${address%%:*}:$bus:00"
}

# card PORT BUS GROUP [display's further keys...]: a Radeon with its audio function, in one group, as real cards are.
card() {
    local bus=${1%%:*}:$2
    root_port "$1" "$2"
    pci_add "$bus:00.0" 1002:5159 0300 under="$1" group="$3" driver=radeon "${@:4}"
    pci_add "$bus:00.1" 1002:aa38 0403 under="$1" group="$3" driver=snd_hda_intel
}

# The binary config space: a header and, where there is a serial number, the extended capabilities that hold it. One awk for all of it:
# bats traces each command of the shell, which is slow where it goes byte by byte.
pci_config() {
    # shellcheck disable=SC2059 # the escapes are the point
    printf "$(awk -v vendor="$1" -v device="$2" -v class="$3" -v subsystem="$4" -v serial="${5//-/}" -v bus="$6" '
        function le(word,    out) { for (; word != ""; word = substr(word, 3)) out = substr(word, 1, 2) out; return out }
        function zeros(n,    out) { while (n-- > 0) out = out "00"; return out }
        BEGIN {
            hex = le(vendor) le(device) "0604100000" le(class) "0000" (bus == "" ? "00" : "01") "00"
            if (bus != "") # primary, secondary, subordinate bus, no subsystem ID; PCI Express capability: a root port
                hex = hex zeros(8) "00" bus bus zeros(25) "40" zeros(11) "10004201"
            else # subsystem ID; PCI Express capability: an endpoint
                hex = hex zeros(28) le(substr(subsystem, 1, 4)) le(substr(subsystem, 6)) zeros(4) "40" zeros(11) "10000200"
            hex = hex zeros(256 - length(hex) / 2)
            if (serial != "") { # 0x100: error reporting, next is at 0x140; 0x140: the device serial number
                hex = hex "01000214" zeros(60) "03000100" le(substr(serial, 9)) le(substr(serial, 1, 8))
                hex = hex zeros(4096 - length(hex) / 2)
            }
            gsub(/../, "\\\\x&", hex)
            print hex
        }')"
}

# firmware_uuid [UUID]: what tells the machine from others.
firmware_uuid() {
    put /sys/devices/virtual/dmi/id/product_uuid "${1-4c4c4544-0051-3510-8052-b4c04f4a3233}"
}

# names_of_hardware KEY=NAME...: the machine's own hardware database. A key is what stands behind "pci:" in a modalias, of a vendor or a
# device. Without systemd-hwdb there is none.
names_of_hardware() {
    local entry what
    for entry; do
        what=ID_VENDOR_FROM_DATABASE
        [[ ${entry%%=*} != *d* ]] || what=ID_MODEL_FROM_DATABASE
        printf 'pci:%s*\n %s=%s\n\n' "${entry%%=*}" "$what" "${entry#*=}"
    done | put /etc/udev/hwdb.d/20-test.hwdb
    ! command -v systemd-hwdb >/dev/null || systemd-hwdb update --root="$ROOT"
}

# pci_remove ADDRESS: the function is gone, its group with it where it was alone there.
pci_remove() {
    local dir group
    dir=$(pci_dir "$1")
    group=$(readlink "$ROOT/sys/$dir/iommu_group" || true)
    unset "TREE_DIR[$1]"
    rm -rf "${ROOT:?}/sys/bus/pci/devices/$1" "$ROOT/sys/$dir" "$ROOT/sys/kernel/iommu_groups/${group##*/}/devices/$1"
}

# booted_so [COMMAND...]: the image of this boot was built from the rules as they are; between the two the command is run.
booted_so() {
    rm -rf "$BATS_TEST_TMPDIR/image"
    mkdir -p "$BATS_TEST_TMPDIR/image"
    ctl image "$BATS_TEST_TMPDIR/image"
    "$@"
    put /usr/lib/passthrough/digest <"$BATS_TEST_TMPDIR/image/usr/lib/passthrough/digest"
    run_program timeout 20 "$BUILD/passthrough-bind" --root="$ROOT" --stage=initrd
    rm "$ROOT/usr/lib/passthrough/digest"
}
