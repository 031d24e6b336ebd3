# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A host that boots unified kernel images, as made-up PE files (make-pe), and a ukify that makes such an addon.

LINUX=/boot/efi/EFI/Linux
ADDON=$LINUX/lab-$KERNEL.efi.extra.d/passthrough.addon.efi
UKI_LINE='root=UUID=5d1b7b2e-53c5-4d2c-9d3b-0a63fbb41a11 ro quiet'

# pe FILE [signed] NAME=TEXT...
pe() {
    mkdir -p "$ROOT${1%/*}"
    "$BATS_TEST_DIRNAME/make-pe" "$ROOT$1" "${@:2}"
}

# uki FILE RELEASE [STUB [LINE]]
uki() {
    pe "$1" ".sdmagic=#### LoaderInfo: systemd-stub ${3:-257.13-1~deb13u1} ####" ".uname=$2" ".cmdline=${4-$UKI_LINE}" .initrd=x .linux=x
}

# uki_fits FILE RELEASE [STUB [PATH...]]: with an initrd of its own that is as systemd needs it, and those files in it.
uki_fits() {
    local dir=$BATS_TEST_TMPDIR/own path
    rm -rf "$dir"
    for path in usr/lib/systemd/systemd etc/initrd-release usr/lib/{libc.so.6,libkmod.so.2,libblkid.so.1} "${@:4}"; do
        mkdir -p "$dir/${path%/*}" && echo "${path##*/}" >"$dir/$path"
    done
    tar -C "$dir" --sort=name --mtime=@0 -cf "$dir.tar" .
    pe "$1" ".sdmagic=#### LoaderInfo: systemd-stub ${3:-257.13-1~deb13u1} ####" ".uname=$2" ".cmdline=$UKI_LINE" ".initrd=@$dir.tar" .linux=x
}

# modules_there: the files of the modules that the kernel's lists have, and a depmod.
modules_there() {
    local file
    while IFS=: read -r file _; do
        put "/lib/modules/$KERNEL/$file" "module ${file##*/}"
    done <"$ROOT/lib/modules/$KERNEL/modules.dep"
    cat >"$ROOT/usr/sbin/depmod" <<'END'
#!/bin/bash
[[ $1 == -b && -d $2/usr/lib/modules/$3 ]] || exit 9
[[ ! -e /etc/depmod.fail ]] || { echo 'no memory' && exit 3; }
cd "$2/lib/modules/$3" && find kernel -type f | sort >modules.dep && cp modules.dep modules.dep.bin
END
    chmod +x "$ROOT/usr/sbin/depmod"
}

# carried [FILE]: the initrd that an addon carries, unpacked in $CARRIED, and its names.
carried() {
    CARRIED=$BATS_TEST_TMPDIR/carried
    rm -rf "$CARRIED"{,.cpio} && mkdir "$CARRIED"
    objcopy -O binary --dump-section .initrd="$CARRIED.cpio" "$ROOT${1-$ADDON}" /dev/null && [[ -s $CARRIED.cpio ]] || return
    (cd "$CARRIED" && cpio -id --quiet --no-absolute-filenames <"$CARRIED.cpio" && find . -type f -printf '%P
' | LC_ALL=C sort)
}

# carries_none [FILE]
carries_none() {
    if carried "$@"; then echo "${1-$ADDON} has an initrd" && return 1; fi
}

# addon FILE [signed] LINE: somebody's.
addon() {
    pe "${@:1:$#-1}" '.sdmagic=#### LoaderInfo: systemd-addon 257 ####' ".cmdline=${*: -1}"
}

# firmware NAME TEXT: a variable of systemd's.
firmware() {
    mkdir -p "$ROOT/sys/firmware/efi/efivars"
    { printf '\6\0\0\0' && printf '%s\0' "$2" | sed 's/./&\x00/g' && printf '\0'; } >"$ROOT/sys/firmware/efi/efivars/$1-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
}

# secure_boot 0|1
secure_boot() {
    mkdir -p "$ROOT/sys/firmware/efi/efivars"
    printf '\6\0\0\0%b' "\\$1" >"$ROOT/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
}

# ukify_there: with SPOIL in /etc/ukify.spoil run before it writes.
ukify_there() {
    mkdir -p "$ROOT/usr/sbin" "$ROOT/usr/lib/systemd/boot/efi"
    : >"$ROOT/usr/lib/systemd/boot/efi/addonx64.efi.stub"
    cp "$BATS_TEST_DIRNAME/make-pe" "$ROOT/usr/sbin/make-pe"
    cat >"$ROOT/usr/sbin/ukify" <<'END'
#!/bin/bash
for x; do
    case $x in
    --output=*) out=${x#*=} ;;
    --cmdline=*) line=.cmdline=${x#*=} ;;
    --initrd=*) initrd=.initrd=@${x#*=} ;;
    --secureboot-private-key=*) signed=signed ;;
    esac
done
echo "$*" >>/var/ukify.log
[[ ! -e /etc/ukify.spoil ]] || . /etc/ukify.spoil
exec /usr/sbin/make-pe "$out" $signed '.sdmagic=#### LoaderInfo: systemd-addon 257 ####' ${line:+"$line"} $initrd .sbat=x
END
    chmod +x "$ROOT/usr/sbin/ukify"
}

# says_addon LINE [FILE]: that is what it says.
says_addon() {
    is "$(objcopy -O binary --dump-section .cmdline=/dev/stdout "$ROOT${2-$ADDON}" /dev/null | tr -d '\0')" "$1" "the line of ${2-$ADDON}"
}

# boots_unified: one image, which has booted with the rules as they are; Secure Boot is off.
boots_unified() {
    firmware StubInfo 'systemd-stub 257.13-1~deb13u1'
    firmware StubImageIdentifier "\\EFI\\Linux\\lab-$KERNEL.efi"
    secure_boot 0
    uki "$LINUX/lab-$KERNEL.efi" "$KERNEL"
    ukify_there
    booted_so
}
