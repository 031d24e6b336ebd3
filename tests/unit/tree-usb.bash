# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# USB as sysfs really has it: controllers with a root hub for USB 2 and one for USB 3, ports that are peers, devices with
# descriptors, interfaces and drivers. For the machine of tree.bash, and beside the short verbs of tree-users.bash.
#
#     usb_controller 0000:00:14.0 1 2            # usb1 and usb2; pci_add has made the controller
#     usb_add 1-2 0951:1666 class=08 serial=AA01 driver=usb-storage
#     usb_disk sdb 8:16 1-2                      # tree-guard.bash: the same disk for both
#     usb_claimed 1-2 stick usb-storage
#     usb_remove 1-2

# usb_controller ADDRESS USB2 USB3 [ports=N] [peers=no]: both of its root hubs; the ports of equal number are peers.
usb_controller() {
    local ports=4 peers=yes i
    for i in "${@:4}"; do
        case $i in
        ports=*) ports=${i#*=} ;;
        peers=*) peers=${i#*=} ;;
        *) echo "usb_controller: unknown key $i" >&2 && return 1 ;;
        esac
    done
    usb_root_hub "$2" "$1" ports="$ports" speed=480
    usb_root_hub "$3" "$1" ports="$ports" speed=5000
    [[ $peers == yes ]] || return 0
    for ((i = 1; i <= ports; i++)); do usb_peers "usb$2-port$i" "usb$3-port$i"; done
}

# usb_root_hub N ADDRESS [ports=N] [speed=480]: of a controller with only one of them.
usb_root_hub() {
    untraced usb_make "usb$1" "$(pci_dir "$2")/usb$1" 1d6b:000"$([[ $* == *speed=5000* ]] && echo 3 || echo 2)" \
        class=09 device=09 serial="$2" driver=hub devnum=1 ports=4 "${@:3}"
}

# usb_add NAME VENDOR:PRODUCT [class=CC[/SS[/PP]],...] [device=CC] [driver=NAME,...] [serial=TEXT] [manufacturer=TEXT]
#         [product=TEXT] [devnum=N] [speed=480] [removable=WORD] [authorized=0|1] [other=CC,...] [descriptors=no] [ports=N]
# class= has one word for each interface, driver= too ("" for none); other= is a second configuration's. A hub has ports=.
usb_add() {
    local hub dir
    hub=$(usb_dir "$(usb_above "$1")") || return 1
    dir=$hub/$1
    untraced usb_make "$1" "$dir" "${@:2}"
    link "$dir/port" "$(usb_port_dir "$(usb_port_of "$1")")"
}

# usb_above NAME: "1-2.3" is on "1-2", "1-2" on "usb1". usb_port_of NAME: "1-2-port3", "usb1-port2".
usb_above() {
    if [[ $1 == *.* ]]; then echo "${1%.*}"; else echo "usb${1%%-*}"; fi
}

usb_port_of() {
    echo "$(usb_above "$1")-port${1##*[-.]}"
}

# usb_dir NAME: the device's directory, without /sys/.
usb_dir() {
    local target
    target=$(readlink "$ROOT/sys/bus/usb/devices/$1") || { echo "no USB device $1 in the tree" >&2 && return 1; }
    echo "${target#../../../}"
}

# usb_interface NAME [N]: the directory of an interface of it, without /sys/.
usb_interface() {
    local dir
    dir=$(usb_dir "$1") || return 1
    echo "$dir/$1:1.${2-0}"
}

# usb_file NAME ATTRIBUTE: that file's path on the machine that runs the test.
usb_file() {
    echo "$ROOT/sys/$(usb_dir "$1")/$2"
}

# usb_port_dir PORT: ports are in the directory of the hub's interface.
usb_port_dir() {
    local hub=${1%-port*} dir
    dir=$(usb_dir "$hub") || return 1
    if [[ $hub == usb* ]]; then echo "$dir/${hub#usb}-0:1.0/$1"; else echo "$dir/$hub:1.0/$1"; fi
}

# usb_peers PORT PORT: one socket. usb_no_peers PORT: a socket of its own.
usb_peers() {
    local one two
    one=$(usb_port_dir "$1") && two=$(usb_port_dir "$2") || return 1
    link "$one/peer" "$two"
    link "$two/peer" "$one"
}

usb_no_peers() {
    local dir
    dir=$(usb_port_dir "$1") || return 1
    rm -f "$(readlink -f "$ROOT/sys/$dir/peer")/peer" "$ROOT/sys/$dir/peer"
}

usb_make() {
    local name=$1 dir=$2 id=$3 key i
    local -A o=([class]=ff [device]=00 [driver]='' [serial]='' [manufacturer]='' [product]='' [devnum]='' [speed]=480
        [removable]='' [authorized]=1 [other]='' [descriptors]=yes [ports]='')
    local -a classes drivers
    for key in "${@:4}"; do
        [[ -v o[${key%%=*}] ]] || { echo "usb_add: unknown key $key" >&2 && return 1; }
        o[${key%%=*}]=${key#*=}
    done
    local bus=${name#usb}
    bus=${bus%%-*}
    if [[ -z ${o[devnum]} ]]; then
        i=$(grep -lx "$bus" "$ROOT"/sys/bus/usb/devices/*/busnum 2>/dev/null | wc -l)
        o[devnum]=$((i + 1))
    fi
    put "/sys/$dir/idVendor" "${id%:*}"
    put "/sys/$dir/idProduct" "${id#*:}"
    put "/sys/$dir/bDeviceClass" "${o[device]}"
    put "/sys/$dir/bDeviceSubClass" 00
    put "/sys/$dir/bDeviceProtocol" 00
    put "/sys/$dir/busnum" "$bus"
    put "/sys/$dir/devnum" "${o[devnum]}"
    put "/sys/$dir/devpath" "${name#*-}"
    put "/sys/$dir/speed" "${o[speed]}"
    put "/sys/$dir/version" "$(if ((${o[speed]%.*} >= 5000)); then echo ' 3.00'; else echo ' 2.00'; fi)"
    put "/sys/$dir/authorized" "${o[authorized]}"
    put "/sys/$dir/maxchild" "${o[ports]:-0}"
    for key in serial manufacturer product removable; do
        [[ -z ${o[$key]} ]] || put "/sys/$dir/$key" "${o[$key]}"
    done
    printf -v i '%03d/%03d' "$bus" "${o[devnum]}"
    put "/sys/$dir/uevent" "MAJOR=189" "MINOR=$(((bus - 1) * 128 + o[devnum] - 1))" "DEVNAME=bus/usb/$i" DEVTYPE=usb_device \
        DRIVER=usb "PRODUCT=${id%:*}/${id#*:}/100" "TYPE=0/0/0" "BUSNUM=${i%/*}" "DEVNUM=${i#*/}"
    put "/sys/$dir/dev" "189:$(((bus - 1) * 128 + o[devnum] - 1))"
    put "/dev/bus/usb/$i" ''
    link "bus/usb/devices/$name" "$dir"
    link "$dir/subsystem" bus/usb
    usb_driver_link "$dir" usb "$name"
    IFS=, read -ra classes <<<"${o[class]}"
    IFS=, read -ra drivers <<<"${o[driver]}"
    [[ ${o[descriptors]} != yes ]] || usb_descriptors "$id" "${o[device]}" "${o[class]}" "${o[other]}" >"$ROOT/sys/$dir/descriptors"
    # Nobody has chosen a configuration of one that is not authorised.
    [[ ${o[authorized]} != 0 ]] || return 0
    for i in "${!classes[@]}"; do usb_make_interface "$name" "$dir" "$i" "${classes[i]}" "${drivers[i]-}"; done
    for ((i = 1; i <= ${o[ports]:-0}; i++)); do
        key=$name:1.0
        [[ $name != usb* ]] || key=$bus-0:1.0
        put "/sys/$dir/$key/$name-port$i/connect_type" unknown
    done
}

usb_make_interface() {
    local interface=$1:1.$3 class sub protocol
    [[ $1 != usb* ]] || interface=${1#usb}-0:1.$3
    IFS=/ read -r class sub protocol <<<"$4"
    put "/sys/$2/$interface/bInterfaceClass" "$class"
    put "/sys/$2/$interface/bInterfaceSubClass" "${sub:-00}"
    put "/sys/$2/$interface/bInterfaceProtocol" "${protocol:-00}"
    put "/sys/$2/$interface/bInterfaceNumber" "0$3"
    put "/sys/$2/$interface/uevent" DEVTYPE=usb_interface "INTERFACE=$((16#$class))/0/0"
    link "bus/usb/devices/$interface" "$2/$interface"
    link "$2/$interface/subsystem" bus/usb
    [[ -z $5 ]] || usb_driver_link "$2/$interface" "$5" "$interface"
}

usb_driver_link() {
    mkdir -p "$ROOT/sys/bus/usb/drivers/$2"
    [[ -e $ROOT/sys/bus/usb/drivers_probe ]] || : >"$ROOT/sys/bus/usb/drivers_probe"
    : >"$ROOT/sys/bus/usb/drivers/$2/bind" && : >"$ROOT/sys/bus/usb/drivers/$2/unbind"
    link "$1/driver" "bus/usb/drivers/$2"
    link "bus/usb/drivers/$2/$3" "$1"
}

# usb_bind NAME DRIVER [N]: an interface of it gets that driver. usb_unbind NAME [N]
usb_bind() {
    untraced usb_driver_link "$(usb_interface "$1" "${3-0}")" "$2" "$1:1.${3-0}"
}

usb_unbind() {
    local dir
    dir=$(usb_interface "$1" "${2-0}")
    rm -f "$(readlink -f "$ROOT/sys/$dir/driver")/$1:1.${2-0}" "$ROOT/sys/$dir/driver"
}

# The device's descriptor, and of each configuration one with an interface and its endpoint for each class.
usb_descriptors() {
    local vendor=${1%:*} product=${1#*:} configuration number=0 count=1 class hex out interfaces n
    local -a classes
    [[ -z $4 ]] || count=2
    out="12010002${2}000040${vendor:2:2}${vendor:0:2}${product:2:2}${product:0:2}0001010203$(printf %02x $count)"
    for configuration in "$3" ${4:+"$4"}; do
        IFS=, read -ra classes <<<"$configuration"
        interfaces='' n=0 number=$((number + 1))
        for class in "${classes[@]}"; do
            IFS=/ read -ra class <<<"$class"
            printf -v hex '0904%02x0001%s%s%s00070581024000ff' $((n++)) "${class[0]}" "${class[1]:-00}" "${class[2]:-00}"
            interfaces+=$hex
        done
        printf -v hex '0902%02x00%02x%02x0080fa' $((9 + ${#interfaces} / 2)) $n $number
        out+=$hex$interfaces
    done
    # shellcheck disable=SC2059,SC2001 # the escapes are the point
    printf "$(sed 's/../\\x&/g' <<<"$out")"
}

# usb_claimed NAME RULE [DRIVER]: udev's database has it for that rule, and had found that driver.
usb_claimed() {
    local dev
    dev=$(<"$(usb_file "$1" dev)")
    put "/run/udev/data/c$dev" "S:passthrough/$2" 'I:1000000' "E:PASSTHROUGH_RULE=$2" "E:PASSTHROUGH_LINK=passthrough/$2" \
        G:systemd Q:systemd V:1
    [[ -z ${3-} ]] || put "/run/udev/data/+usb:$1:1.0" 'I:1000000' "E:PASSTHROUGH_RULE=$2" "E:PASSTHROUGH_FROM=$3" V:1
}

# usb_tty TTY MAJOR:MINOR DEVICE: a serial port of it.
usb_tty() {
    local dir
    dir=$(usb_interface "$3")
    case $1 in
    ttyUSB*) dir+=/$1/tty/$1 ;;
    *) dir+=/tty/$1 ;;
    esac
    put "/sys/$dir/dev" "$2"
    put "/sys/$dir/uevent" "MAJOR=${2%:*}" "MINOR=${2#*:}" "DEVNAME=$1"
    link "class/tty/$1" "$dir"
    link "$dir/subsystem" class/tty
    link "$dir/device" "${dir%/tty/*}"
}

# usb_remove NAME: pulled out, with what hangs below it.
usb_remove() {
    local dir dev at
    dir=$(usb_dir "$1") || return 1
    dev=$(<"$ROOT/sys/$dir/dev")
    rm -f "$ROOT/run/udev/data/c$dev"
    rm -rf "${ROOT:?}/sys/$dir"
    for at in "$ROOT"/sys/bus/usb/devices/* "$ROOT"/sys/bus/usb/drivers/*/* "$ROOT"/sys/class/*/*; do
        if [[ -L $at && ! -e $at ]]; then rm "$at"; fi
    done
}
