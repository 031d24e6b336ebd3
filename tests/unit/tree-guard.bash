# shellcheck shell=bash
#
# What the guard looks at, in addition to tree.bash and tree-users.bash: tags, device mapper and the like by kind, pools,
# loop devices, configuration files, keyboards and consoles; and its refusals, chain by chain.

# shellcheck disable=SC2034 # for those who load this
ROOT_UUID=5d1b7b2e-53c5-4d2c-9d3b-0a63fbb41a11 # tree.bash has it on the command line

# candidates ADDRESS...: what the rules of this machine match.
candidates() {
    CANDIDATES=("$@")
}

# needs ADDRESS CHAIN [ADDRESS CHAIN]...: each of these is refused with exactly that chain, and every other candidate is
# taken: a guard that refuses everything is of no use.
needs() {
    local -a free=("${CANDIDATES[@]}")
    plan
    exits 1 || return 1
    while (($#)); do
        refused_with "$1" "the host needs it: $1 ← $2" || return 1
        free=("${free[@]/#$1/}")
        shift 2
    done
    # shellcheck disable=SC2046,SC2116,SC2048,SC2086 # the empty ones go away
    bound $(echo ${free[*]})
}

# refused_with ADDRESS REASON: word for word.
refused_with() {
    device "$1" refuse || return 1
    is "$(get ".devices[] | select(.address == \"$1\").reason")" "$2" "reason for $1" || return 1
    untouched "$1"
}

# needs_nothing: every candidate is taken.
needs_nothing() {
    plan
    bound "${CANDIDATES[@]}"
}

# unclear WHAT ADDRESS...: these are refused, as what is not cleared, for a reason that says WHAT; every other candidate is taken.
unclear() {
    local what=$1 address reason
    local -a free=("${CANDIDATES[@]}")
    shift
    plan
    exits 1 || return 1
    for address; do
        device "$address" refuse || return 1
        reason=$(get ".devices[] | select(.address == \"$address\").reason")
        [[ $reason == 'not cleared: '*"$what"* ]] || is "$reason" "not cleared: ... $what ..." "reason for $address" || return 1
        untouched "$address" || return 1
        free=("${free[@]/#$address/}")
    done
    # shellcheck disable=SC2046,SC2116,SC2048,SC2086
    bound $(echo ${free[*]})
}

# --- what is on a block device

# tags NAME [UUID=…] [LABEL=…] [TYPE=…] [PARTUUID=…] [PARTLABEL=…] [link=disk/by-id/…]…: what udev's database says of it.
tags() {
    local numbers tag value
    numbers=$(<"$ROOT/sys/class/block/$1/dev")
    for tag in "${@:2}"; do
        value=${tag#*=}
        case $tag in
        UUID=*) add_line "/run/udev/data/b$numbers" "S:disk/by-uuid/$value" "E:ID_FS_UUID=$value" "E:ID_FS_UUID_ENC=$value" ;;
        LABEL=*) add_line "/run/udev/data/b$numbers" "E:ID_FS_LABEL=$value" "E:ID_FS_LABEL_ENC=$value" ;;
        TYPE=*) add_line "/run/udev/data/b$numbers" "E:ID_FS_TYPE=$value" ;;
        PARTUUID=*) add_line "/run/udev/data/b$numbers" "S:disk/by-partuuid/$value" "E:ID_PART_ENTRY_UUID=$value" ;;
        PARTLABEL=*) add_line "/run/udev/data/b$numbers" "E:ID_PART_ENTRY_NAME=$value" ;;
        link=*) add_line "/run/udev/data/b$numbers" "S:$value" ;;
        *) return 1 ;;
        esac
    done
}

# mapped NAME MAJOR:MINOR UUID-PREFIX MAPPER-NAME LOWER...
mapped() {
    stacked "$1" "$2" "${@:5}"
    put "/sys/devices/virtual/block/$1/dm/uuid" "$3-0123456789abcdef"
    put "/sys/devices/virtual/block/$1/dm/name" "$4"
}

crypt() { mapped "$1" "$2" CRYPT-LUKS2 "${@:3}"; }
lvm() { mapped "$1" "$2" LVM "${@:3}"; }
multipath() { mapped "$1" "$2" mpath "${@:3}"; }

# raid NAME MAJOR:MINOR LEVEL LOWER...
raid() {
    stacked "$1" "$2" "${@:4}"
    put "/sys/devices/virtual/block/$1/md/level" "$3"
    put "/sys/devices/virtual/block/$1/md/array_state" clean
}

# loop NAME MAJOR:MINOR FILE
loop() {
    block "$1" "$2" "devices/virtual/block/$1"
    put "/sys/devices/virtual/block/$1/loop/backing_file" "$3"
}

# btrfs UUID MOUNTPOINT MEMBER...: mounted from the first of them. btrfs_members UUID MEMBER...: the tags of one that is not.
btrfs() {
    local member target
    btrfs_members "$1" "${@:3}"
    for member in "${@:3}"; do
        target=$(readlink "$ROOT/sys/class/block/$member") || return 1
        link "fs/btrfs/$1/devices/$member" "${target#../../}"
    done
    mounted "$3" "$2" btrfs 0:45
}

btrfs_members() {
    local member
    for member in "${@:2}"; do tags "$member" UUID="$1" TYPE=btrfs; done
}

# zfs POOL MOUNTPOINT MEMBER...
zfs() {
    local member
    add_line /proc/self/mountinfo "150 27 0:47 / $2 rw,relatime shared:7 - zfs $1/data rw,xattr,noacl"
    for member in "${@:3}"; do tags "$member" LABEL="$1" UUID=1234567890123456789 TYPE=zfs_member; done
}

# root_is LINE: another root than tree.bash's.
root_is() {
    sed -i '/ \/ \/ /d; / \/ \/boot\/efi /d' "$ROOT/proc/self/mountinfo"
    add_line /proc/self/mountinfo "$1"
}

# usb_disk NAME MAJOR:MINOR USB-DEVICE
usb_disk() {
    local dir
    dir=$(readlink "$ROOT/sys/bus/usb/devices/$3") || return 1
    block "$1" "$2" "${dir#../../../}/$3:1.0/host6/target6:0:0/6:0:0:0/block/$1"
}

# --- network

# net_above NAME LOWER: a VLAN or macvlan, which does not own its lower interface.
net_above() {
    net_over "$@"
    rm "$ROOT/sys/$(net_dir "$2")/master"
}

net_dir() {
    local target
    target=$(readlink "$ROOT/sys/class/net/$1") || return 1
    echo "${target#../../}"
}

# usb_nic NAME USB-DEVICE
usb_nic() {
    local dir
    dir=$(readlink "$ROOT/sys/bus/usb/devices/$2") || return 1
    dir=${dir#../../../}/$2:1.0
    net_interface "$1" "$dir/net/$1" up
    link "$dir/net/$1/device" "$dir"
}

# route6 DESTINATION PREFIX-LENGTH NAME, in hex both
route6() {
    add_line /proc/net/ipv6_route \
        "$1 $2 00000000000000000000000000000000 00 00000000000000000000000000000000 00000400 00000001 00000000 00000003     $3"
}

# --- people

# input N PARENT [mouse]: an input device below a directory of /sys; a keyboard, unless it is said to be a mouse.
input() {
    local dir=$2/input/input$1 keys='1000000000007 ff9f207ac14057ff febeffdfffefffff fffffffffffffffe' events=120013
    [[ ${3-} != mouse ]] || { keys='1f0000 0 0 0 0' && events=17; }
    put "/sys/$dir/capabilities/key" "$keys"
    put "/sys/$dir/capabilities/ev" "$events"
    put "/sys/$dir/name" "Input $1"
    link "class/input/input$1" "$dir"
    link "$dir/device" "$2"
}

# usb_keyboard NAME [mouse]: as usb_device, with its input device.
usb_keyboard() {
    local dir
    usb_device "$1" 046d:c31c 03
    dir=$(readlink "$ROOT/sys/bus/usb/devices/$1") || return 1
    input "$((++INPUTS))" "${dir#../../../}/$1:1.0/0003:046D:C31C.0001" "${@:2}"
}

ps2_keyboard() {
    input "$((++INPUTS))" devices/platform/i8042/serio0
}

# serial_port TTY ADDRESS
serial_port() {
    local dir
    dir=$(pci_dir "$2")/tty/$1
    put "/sys/$dir/dev" "4:$((64 + ${1#ttyS}))"
    link "class/tty/$1" "$dir"
    link "$dir/device" "$(pci_dir "$2")"
}

# --- the host's configuration

# unit NAME: a service that is enabled.
unit() {
    mkdir -p "$ROOT/etc/systemd/system/multi-user.target.wants"
    ln -sf "/usr/lib/systemd/system/${1/@*/@.service}" "$ROOT/etc/systemd/system/multi-user.target.wants/$1"
}

# no_uplink: no route tells what the host answers on.
no_uplink() {
    sed -i '/^lan0/d' "$ROOT/proc/net/route"
}
