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
    --cmdline=*) line=${x#*=} ;;
    --secureboot-private-key=*) signed=signed ;;
    esac
done
echo "$*" >>/var/ukify.log
[[ ! -e /etc/ukify.spoil ]] || . /etc/ukify.spoil
exec /usr/sbin/make-pe "$out" $signed '.sdmagic=#### LoaderInfo: systemd-addon 257 ####' ".cmdline=$line" .sbat=x
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
