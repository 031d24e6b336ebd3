# shellcheck shell=bash disable=SC2016 # the programs expand what is theirs
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Makers of boot images that take no time, for programs that run in the tree (live.bash): $MAKER, dracut or initramfs-tools. An image
# here is a tar archive.

MAKER=${MAKER-dracut}
# What builds, what lists an image, our part that is on the host, and how its hook is called in messages.
maker_is() {
    MAKER=$1
    case $MAKER in
    dracut) BUILDER=dracut LISTER=lsinitrd PART=/usr/lib/dracut/modules.d/50passthrough/module-setup.sh ;;
    initramfs-tools) BUILDER=mkinitramfs LISTER=lsinitramfs PART=/usr/share/initramfs-tools/hooks/passthrough ;;
    esac
}
maker_is "$MAKER"

# builds RELEASE FILE: the command that builds it.
builds() {
    case $MAKER in
    dracut) echo "dracut --force --kver $1 $2" ;;
    initramfs-tools) echo "mkinitramfs -o $2 $1" ;;
    esac
}

# Lines of a builder: what it is to build, as $kver and $out; and that, below $dir. That of initramfs-tools runs our hook itself.
builder_arguments() {
    case $MAKER in
    dracut) echo 'while [ $# -gt 0 ]; do case $1 in --kver) kver=$2; shift ;; --*) ;; *) out=$1 ;; esac; shift; done' ;;
    initramfs-tools) echo 'while [ $# -gt 0 ]; do case $1 in -o) out=$2; shift ;; *) kver=$1 ;; esac; shift; done' ;;
    esac
}

builder_fills() {
    case $MAKER in
    dracut)
        printf '%s\n' 'mkdir -p $dir/usr/lib/passthrough $dir/usr/lib/systemd $dir/lib' '/build/passthroughctl image --kernel=$kver $dir' \
            'cp /usr/lib/passthrough/passthrough-bind $dir/usr/lib/passthrough/' 'touch $dir/lib/libkmod.so.2 $dir/lib/libblkid.so.1' \
            'cp /usr/lib/systemd/system-generators/passthrough-generator $dir/usr/lib/systemd/' \
            '/build/passthroughctl image --modules --kernel=$kver | while read -r m; do echo m >$dir/lib/$m.ko.xz; done'
        ;;
    initramfs-tools)
        printf '%s\n' 'mkdir -p $dir/lib $dir/conf' 'cp -r /usr/share/initramfs-tools/scripts $dir/' \
            'PATH=/build:$PATH version=$kver DESTDIR=$dir /usr/share/initramfs-tools/hooks/passthrough' \
            'for d in $dir/scripts/*; do ls $d | LC_ALL=C sort | sed "s,.*,/scripts/${d##*/}/& \"\\\$@\"," >$dir/order; mv $dir/order $d/ORDER; done'
        ;;
    esac
}

NOTES='[ ! -e /etc/note-looks ] || echo "$@" >>/var/lib/looked.log'

# maker_program PATH LINE...: kill.c is not for those.
maker_program() {
    mkdir -p "$ROOT${1%/*}"
    printf '%s\n' '#!/usr/bin/env -S -u LD_PRELOAD -u KILL_AT -u KILL_COUNT /bin/sh' "${@:2}" >"$ROOT$1"
    chmod +x "$ROOT$1"
}

# maker_there: all of that maker but the builder, and our parts. What looks into images says so in
# /var/lib/looked.log if there is an /etc/note-looks.
maker_there() {
    local conf=$BATS_TEST_DIRNAME/../../conf/initramfs-tools share=$ROOT/usr/share/initramfs-tools
    put /usr/lib/passthrough/passthrough-bind 'the program, version 1'
    put /usr/lib/systemd/system-generators/passthrough-generator 'the generator'
    case $MAKER in
    dracut)
        put "$PART" 'the module'
        maker_program /usr/sbin/lsinitrd "$NOTES" \
            'case $1 in -f) tar -xOf "$3" "./$2" 2>/dev/null ;; *) tar -tvf "$1" ;; esac' 'exit 0'
        ;;
    initramfs-tools)
        put /etc/kernel/postinst.d/initramfs-tools x
        maker_program /usr/sbin/update-initramfs 'echo "$@" >>/var/lib/update-initramfs.log' '# mkinitramfs -o "$initramfs.new" "$version"'
        mkdir -p "$share"/{hooks,scripts/init-top,scripts/init-premount,scripts/init-bottom,scripts/panic} "$ROOT/var/tmp"
        cp "$conf/hook" "$share/hooks/passthrough"
        cp "$conf/init-top" "$share/scripts/init-top/00-passthrough"
        cp "$conf/init-bottom" "$share/scripts/init-bottom/00-passthrough"
        cp "$conf/init-premount" "$share/scripts/init-premount/passthrough"
        cp "$conf/panic" "$share/scripts/panic/passthrough"
        touch "$share/scripts/init-top/"{blacklist,udev} "$share/scripts/init-bottom/udev"
        put /usr/share/initramfs-tools/hook-functions 'copy_exec() { mkdir -p "$DESTDIR${1%/*}" && cat "$1" >"$DESTDIR$1"; }' \
            'manual_add_modules() { echo m >"$DESTDIR/lib/$1.ko"; }'
        put /usr/lib/host/libkmod.so.2 'a library'
        put /usr/lib/host/libblkid.so.1 'a library'
        maker_program /usr/sbin/ldconfig 'for name in libkmod.so.2 libblkid.so.1; do printf "\t$name (libc6) => /usr/lib/host/$name\n"; done'
        maker_program /usr/sbin/lsinitramfs "$NOTES" 'tar -tf "$1"' 'exit 0'
        maker_program /usr/sbin/unmkinitramfs "$NOTES" 'tar -C "$2" -xf "$1" 2>/dev/null'
        ;;
    esac
}

# maker_programs [TAR-OPTION...]: all of it. Its builder notes what it builds in /var/lib/built.log, fails if there is an
# /etc/build.fail, and runs /etc/build.spoil before it packs $dir into $out.
maker_programs() {
    maker_there
    maker_program "/usr/sbin/$BUILDER" 'set -e' "$(builder_arguments)" 'echo "$kver $out" >>/var/lib/built.log' \
        '[ ! -e /etc/build.fail ] || exit 3' 'dir=$(mktemp -d /var/lib/build.XXXXXX)' "$(builder_fills)" \
        '[ ! -e /etc/build.spoil ] || . /etc/build.spoil' "tar -C \$dir $* -cf \$out ." 'rm -r $dir'
}
