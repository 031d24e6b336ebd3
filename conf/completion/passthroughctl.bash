# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Completes passthroughctl's commands and options, the rules and devices of this machine or of that below --root=.

_passthroughctl_files() { # the names of the files, those that are there
    local file
    for file; do
        [[ ! -e $file && ! -L $file ]] || printf '%s\n' "${file##*/}"
    done
}

_passthroughctl_rules() {
    _passthroughctl_files "$1"/{etc,run,usr/local/lib,usr/lib}/passthrough.d/*.conf | sed 's/\.conf$//'
}

_passthroughctl_devices() {
    local file
    _passthroughctl_files "$1"/sys/bus/pci/devices/*
    # USB devices, not their interfaces; terminals of hardware.
    _passthroughctl_files "$1"/sys/bus/usb/devices/[0-9]*-[0-9]* | sed '/:/d'
    for file in "$1"/sys/class/tty/*/device; do _passthroughctl_files "${file%/device}"; done
    # Parents of mediated devices that are on no other bus, and those devices.
    _passthroughctl_files "$1"/sys/class/mdev_bus/* | sed '/:/d'
    _passthroughctl_files "$1"/sys/bus/mdev/devices/*
    # Domain 0000 may be left out, and is not thrust on somebody who did.
    [[ -z $2 ]] || _passthroughctl_files "$1"/sys/bus/pci/devices/* | sed -n 's/^0000://p'
}

_passthroughctl_options() { # as passthroughctl help COMMAND has them
    printf '%s\n' --root= --help --version
    case $1 in
    list | add | remove | hugepages | check | plan | apply | status | confirm | undo | show | bind | release | cmdline | capture | trial) printf '%s\n' --json ;;
    esac
    case $1 in
    add | remove | hugepages | apply | confirm | undo | bind | release | capture | trial) printf '%s\n' --dry-run ;;
    esac
    case $1 in
    list) printf '%s\n' --all --types ;;
    check) printf '%s\n' --all --for= ;;
    plan) printf '%s\n' --steps --against= ;;
    add) printf '%s\n' --yes --from= ;;
    apply) printf '%s\n' --yes --no-trial --confirm= ;;
    status) printf '%s\n' --boot= ;;
    undo) printf '%s\n' --list ;;
    show) printf '%s\n' --all --format= --output= --follow ;;
    capture) printf '%s\n' --raw ;;
    cmdline) printf '%s\n' --format= --vendor= --kernel= --cmdline= ;;
    image) printf '%s\n' --kernel= --modules ;;
    esac
}

_passthroughctl_values() { # _passthroughctl_values ROOT OPTION=TYPED COMMAND
    local option=${2%%=*}
    case $option in
    --format) if [[ $3 == show ]]; then printf '%s\n' qemu qemu_iommufd libvirt libvirt-network libvirt-nodedev kubevirt sriov-device-plugin cdi nfd nova proxmox \
        cloudpods cloud-hypervisor talos prometheus; else printf '%s\n' plain grub kernel bootc; fi ;;
    --for) printf '%s\n' cloudpods kubevirt nova proxmox ;;
    --vendor) printf '%s\n' intel amd ;;
    --from) printf '%s\n' driverctl modprobe cmdline running mdevctl initramfs-tools ;;
    --confirm) printf '%s\n' 5min 15min 1h ;;
    --boot) printf '%s\n' 0 -1 -2 ;;
    --kernel) _passthroughctl_files "$1"/lib/modules/* ;;
    --root | --against) compgen -d -- "${2#*=}" ;;
    esac | sed "s/^/$option=/"
}

_passthroughctl_commands='list add remove hugepages check plan apply status confirm undo show bind release cmdline capture trial image help'

_passthroughctl_arguments() { # _passthroughctl_arguments ROOT COMMAND NUMBER TYPED
    case $2 in
    '' | help) (($3 > 0)) || tr ' ' '\n' <<<"$_passthroughctl_commands" ;;
    hugepages) printf '%s\n' 1G= 2M= ;;
    remove) _passthroughctl_rules "$1" ;;
    show | bind | release)
        _passthroughctl_rules "$1"
        _passthroughctl_devices "$1" "$4"
        ;;
    list)
        _passthroughctl_devices "$1" "$4"
        _passthroughctl_files "$1"/sys/class/net/*
        printf '%s\n' graphics storage network usb audio accelerators serial
        ;;
    add)
        (($3 > 0)) || return 0
        _passthroughctl_devices "$1" "$4"
        _passthroughctl_files "$1"/sys/class/net/*
        [[ $4 != /* ]] || compgen -f -- "$4"
        ;;
    cmdline) printf '%s\n' check ;;
    capture) compgen -f -- "$4" ;;
    plan | image) compgen -d -- "$4" ;;
    esac
}

_passthroughctl() {
    local IFS=$' \t\n' line=${COMP_LINE:0:COMP_POINT} typed='' root='' command='' number=0 word head
    local -a words

    # Readline breaks words at colons and "=", which addresses and options have: the line is read anew.
    read -ra words <<<"$line"
    if [[ $line != *[[:blank:]] ]]; then
        typed=${words[-1]}
        unset 'words[-1]'
    fi
    for word in "${words[@]:1}"; do
        case $word in
        --root=*) root=${word#*=} ;;
        -*) ;;
        *) if [[ $command ]]; then number=$((number + 1)); else command=$word; fi ;;
        esac
    done

    # It replaces what is behind the last break alone.
    head=$typed
    while [[ $head && $COMP_WORDBREAKS != *"${head: -1}"* ]]; do head=${head%?}; done
    COMPREPLY=()
    while IFS= read -r word; do
        [[ $word != "$typed"* ]] || COMPREPLY+=("${word#"$head"}")
    done < <(
        case $typed in
        -*=*) _passthroughctl_values "$root" "$typed" "$command" ;;
        -*) _passthroughctl_options "$command" ;;
        *) _passthroughctl_arguments "$root" "$command" "$number" "$typed" ;;
        esac
    )
    case ${COMPREPLY[0]-} in
    *=) compopt -o nospace ;;
    */*) compopt -o filenames ;;
    esac
}

complete -F _passthroughctl passthroughctl
