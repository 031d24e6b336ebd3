#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # kernel, moddir and initdir are dracut's
# passthrough: binds devices to vfio-pci before their native drivers load. See passthrough(7).

check() {
    require_binaries /usr/lib/passthrough/passthrough-bind || return 1
    return 0
}

depends() {
    return 0
}

# An image that lacks something has no digest, so that apply builds it anew.
passthrough_lacks() {
    dwarn "passthrough: $1 is not in the image"
    rm -f "$initdir/usr/lib/passthrough/digest"
}

passthrough_has() {
    [[ $(find "$initdir" -name "$1" -print -quit) ]]
}

# Runs behind install(). The drivers that the rules need, in hostonly images too: what the build host has loaded says
# nothing about them.
installkernel() {
    local _module _file

    while read -r _module; do
        hostonly='' instmods -c "$_module" ||
            dwarn "passthrough: kernel $kernel has no module $_module"
        _file=$(modinfo ${dracutsysrootdir:+-b "$dracutsysrootdir"} -k "$kernel" -n "$_module" 2> /dev/null)
        # Else it is built in, or not there.
        [[ $_file != /* ]] || passthrough_has "${_file##*/}" || passthrough_lacks "the kernel module $_module"
    done < <(passthroughctl --root="${dracutsysrootdir:-/}" image --modules --kernel="$kernel" 2> /dev/null)
    return 0
}

install() {
    local _name

    inst_multiple /usr/lib/passthrough/passthrough-bind
    # Opened at run time, so not found by looking at the program.
    inst_libdir_file 'libkmod.so.2*' 'libblkid.so.1*'

    # The rules that are sound, the list of those left out; says which and why.
    passthroughctl --root="${dracutsysrootdir:-/}" image --kernel="$kernel" "$initdir" 2>&1 |
        while read -r line; do dwarn "passthrough: $line"; done

    for _name in passthrough-bind libkmod.so.2 libblkid.so.1; do
        passthrough_has "$_name" || passthrough_lacks "$_name"
    done

    if dracut_module_included "systemd"; then
        inst_multiple /usr/lib/systemd/system-generators/passthrough-generator
    else
        # The hook that loads rd.driver.pre is cmdline 01; this has to be before it.
        inst_hook cmdline 00 "$moddir/passthrough-initrd.sh"
        inst_hook pre-trigger 99 "$moddir/passthrough-rescue.sh"
        inst_hook pre-pivot 00 "$moddir/passthrough-root.sh"
        # The last before the root is switched.
        inst_hook cleanup 99 "$moddir/passthrough-deadline.sh"
    fi
}
