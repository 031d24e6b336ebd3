# shellcheck shell=bash
#
# What uses a function: disks with mounts, swap and holders; network interfaces with routes; USB devices. See tree.bash.

# --- block devices

# disk NAME MAJOR:MINOR ADDRESS: sdX behind a SATA or SAS controller, nvmeXnY on an NVMe one, vdX on a virtio one.
disk() {
    local dir n
    dir=$(pci_dir "$3")
    case $1 in
    nvme*)
        n=${1%n*}
        link "class/nvme/$n" "$dir/nvme/$n"
        link "$dir/nvme/$n/device" "$dir"
        dir+=/nvme/$n
        ;;
    vd*) dir+=/virtio0/block ;;
    *) dir+=/ata1/host0/target0:0:0/0:0:0:0/block ;;
    esac
    block "$1" "$2" "$dir/$1"
    link "$dir/$1/device" "${dir%/block}"
}

# part NAME MAJOR:MINOR: a partition; its disk is told from its name.
part() {
    local disk=${1%%[0-9]} target
    [[ $1 != nvme* ]] || disk=${1%p*}
    target=$(readlink "$ROOT/sys/class/block/$disk") || return 1
    block "$1" "$2" "${target#../../}/$1"
    put "/sys/class/block/$1/partition" "${1##*[!0-9]}"
}

# stacked NAME MAJOR:MINOR LOWER...: device mapper, md and the like over other block devices.
stacked() {
    local lower dir=devices/virtual/block/$1 target
    block "$1" "$2" "$dir"
    for lower in "${@:3}"; do
        target=$(readlink "$ROOT/sys/class/block/$lower") || return 1
        link "$dir/slaves/$lower" "${target#../../}"
        link "${target#../../}/holders/$1" "$dir"
    done
}

block() {
    mkdir -p "$ROOT/sys/$3"/{holders,slaves}
    put "/sys/$3/dev" "$2"
    put "/sys/$3/size" 2097152
    put "/sys/$3/uevent" "MAJOR=${2%:*}" "MINOR=${2#*:}" "DEVNAME=$1"
    link "class/block/$1" "$3"
    link "$3/subsystem" class/block
}

# mounted NAME MOUNTPOINT FSTYPE [MAJOR:MINOR]: the numbers are the block device's unless given (btrfs has its own).
mounted() {
    local numbers=${4-$(<"$ROOT/sys/class/block/$1/dev")}
    add_line /proc/self/mountinfo "$((RANDOM + 100)) 27 $numbers / $2 rw,relatime shared:1 - $3 /dev/$1 rw"
    add_line /proc/mounts "/dev/$1 $2 $3 rw,relatime 0 0"
}

swap_on() {
    add_line /proc/swaps "/dev/$1                               partition	999420		0		-2"
}

# nvme_serial ADDRESS CONTROLLER SERIAL: as the driver shows it, padded to twenty characters.
nvme_serial() {
    local dir
    dir=$(pci_dir "$1")/nvme/$2
    put "/sys/$dir/serial" "$(printf '%-20s' "$3")"
    link "class/nvme/$2" "$dir"
    link "$dir/device" "$(pci_dir "$1")"
}

# --- network interfaces

# nic NAME ADDRESS [up|down]
nic() {
    local dir
    dir=$(pci_dir "$2")
    net_interface "$1" "$dir/net/$1" "${3-down}"
    link "$dir/net/$1/device" "$dir"
}

# net_over NAME LOWER...: a bond, bridge or VLAN over others, up.
net_over() {
    local lower dir=devices/virtual/net/$1 target
    net_interface "$1" "$dir" up
    for lower in "${@:2}"; do
        target=$(readlink "$ROOT/sys/class/net/$lower") || return 1
        target=${target#../../}
        link "$dir/lower_$lower" "$target"
        link "$target/upper_$1" "$dir"
        link "$target/master" "$dir"
    done
}

net_interface() {
    local flags=0x1002 state=down
    [[ $3 != up ]] || { flags=0x1003 && state=up; }
    put "/sys/$2/flags" "$flags"
    put "/sys/$2/operstate" "$state"
    put "/sys/$2/address" 52:54:00:12:34:56
    put "/sys/$2/type" 1
    put "/sys/$2/uevent" "INTERFACE=$1" IFINDEX=2
    link "class/net/$1" "$2"
    link "$2/subsystem" class/net
}

default_route() {
    add_line /proc/net/route "$1	00000000	010200C0	0003	0	0	0	00000000	0	0	0"
}

# net_address NAME: the route that a configured IPv4 address makes. net_address6 NAME: the same for IPv6.
net_address() {
    add_line /proc/net/route "$1	000200C0	00000000	0001	0	0	0	00FFFFFF	0	0	0"
}

net_address6() {
    add_line /proc/net/ipv6_route \
        "fd000000000000000000000000000002 80 00000000000000000000000000000000 00 00000000000000000000000000000000 00000000 00000003 00000000 80200001     $1"
}

# --- USB

# usb_bus N ADDRESS: a controller's root hub, which every bound controller has.
usb_bus() {
    usb_node "usb$1" "$(pci_dir "$2")/usb$1" 1d6b:0002 09
}

# usb_device NAME ID CLASS: a device below a root hub, e.g. 1-2 046d:c31c 03 (a keyboard).
usb_device() {
    local hub
    hub=$(readlink "$ROOT/sys/bus/usb/devices/usb${1%%-*}") || return 1
    usb_node "$1" "${hub#../../../}/$1" "$2" "$3"
}

usb_node() {
    local name=$1 dir=$2 interface
    put "/sys/$dir/idVendor" "${3%:*}"
    put "/sys/$dir/idProduct" "${3#*:}"
    put "/sys/$dir/bDeviceClass" 00
    put "/sys/$dir/uevent" DEVTYPE=usb_device DRIVER=usb
    link "bus/usb/devices/$name" "$dir"
    link "$dir/subsystem" bus/usb
    interface=$name:1.0
    [[ $name != usb* ]] || interface=${name#usb}-0:1.0
    put "/sys/$dir/$interface/bInterfaceClass" "$4"
    link "bus/usb/devices/$interface" "$dir/$interface"
    link "$dir/$interface/subsystem" bus/usb
}

# net_virtual NAME: an interface of which nothing says what it is on (ppp0).
net_virtual() {
    net_interface "$1" "devices/virtual/net/$1" up
}

# keyboard INPUT DIR: an input device with letters, below a directory of sysfs.
keyboard() {
    put "/sys/$2/input/$1/capabilities/key" '10000 7 ff9f207ac14057ff febeffdfffefffff fffffffffffffffe'
    link "class/input/$1" "$2/input/$1"
}

# udev_tags DISK KEY=VALUE...: what udev's database has of it.
udev_tags() {
    put "/run/udev/data/b$(<"$ROOT/sys/class/block/$1/dev")" "${@/#/E:}"
}

# --- processes

# process PID COMM FILE...: a process that has these files open.
process() {
    local i=0 file
    put "/proc/$1/comm" "$2"
    mkdir -p "$ROOT/proc/$1/fd"
    for file in /dev/null "${@:3}"; do
        ln -sfn "$file" "$ROOT/proc/$1/fd/$i"
        i=$((i + 1))
    done
}

# devnode ADDRESS SUBDIRECTORY DEVNAME MAJOR:MINOR: a node below /dev of a function, e.g. sound/card1/controlC1 snd/controlC1.
devnode() {
    local dir
    dir=$(pci_dir "$1")/$2
    put "/sys/$dir/dev" "$4"
    put "/sys/$dir/uevent" "MAJOR=${4%:*}" "MINOR=${4#*:}" "DEVNAME=$3"
}
