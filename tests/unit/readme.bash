# shellcheck shell=bash
#
# The documents as what their reader types, and a host to type it on: the tree, with the programs that `make install` puts there, in a
# mount namespace, and with stand-ins for what is not ours.

TOP=$(realpath "$BATS_TEST_DIRNAME/../..")
README=$TOP/README.md
MENU=/boot/grub/grub.cfg

# --- the documents

DOCUMENTS='README.md TESTING.md HACKING.md man/passthrough.7 man/passthrough.d.5 man/passthrough.conf.5'

# document FILE: from here on it is read. Of a manual page, each line becomes one: headings, blocks of code, and bold text as code.
document() {
    PAGE=$1 DOCUMENT=$BATS_TEST_TMPDIR/${1##*/}.text AT=1
    case $1 in
    *.md) sed '/^```/,/^```/s/.*//' "$TOP/$1" >"$DOCUMENT" ;;
    *) perl -CSDA -pe '
        s/\\-/-/g; s/\\\(aq/\x27/g; s/\\\[<-\]/\x{2190}/g; s/\\f[IRBP]//g; s/\\&//g;
        if (/^\.(EX|EE)/) { $code = $1 eq "EX"; $_ = "\n" }
        elsif ($code) { $_ = "    $_" }
        elsif (s/^\.S([HS]) //) { $_ = ($1 eq "H" ? "## " : "### ") . $_ }
        elsif (/^\.(B|BR|BI|RB) (.*)/) {
            my ($macro, $rest) = ($1, $2);
            my @words = map { s/^"(.*)"$/$1/r } $rest =~ /("[^"]*"|\S+)/g;
            $_ = $macro eq "B" ? "`@words`" : $macro eq "RB" ? join "", $words[0], "`$words[1]`", @words[2 .. $#words] : "`$words[0]`" . join "", @words[1 .. $#words];
            $_ .= "\n";
        }
        s/\\\(dq/"/g;' "$TOP/$1" >"$DOCUMENT" ;;
    esac
}

# Blocks that are no commands, by how they begin; tests look at each but the picture.
SHOWN='DEVICE +ID
firmware, boot loader
the host needs it:
not cleared: fstab
in use:
fail +iommu
/etc/passthrough.d/gpu.conf:5:
\[Unit\]'

# With an argument these are commands, also within the text.
PROGRAMS='sudo passthroughctl passthrough-cmdline make dracut lsinitrd apt-get apt journalctl systemctl vgchange modprobe update-grub reboot rm cp'

# parts: a line each, tab-separated: LINE, and `command TEXT`, `example FILE SECTION`, `shown FIRST-LINE`, or `span TEXT` for code
# within the text. A block of code is an example of config where it has a section, shown where it is one of $SHOWN, and else commands, so
# that what nobody has thought of is one.
parts() {
    perl -CSDA -e '
        my ($text, $shown) = (do { local (@ARGV, $/) = shift; <> }, shift);
        my @lines = split /\n/, $text;
        for (my $i = 0; $i < @lines; $i++) {
            next if $lines[$i] !~ /^ {4,}\S/;
            my ($first, @block) = ($i);
            for (; $i < @lines && $lines[$i] =~ /^( {4,}\S|\s*$)/; $i++) { push @block, $lines[$i] =~ s/^ +//r; $lines[$i] = ""; }
            pop @block while @block && $block[-1] eq "";
            my ($config) = grep { /^\[(Match|Device|Host|HugePages|SR-IOV|VirtualFunction|VirtualGPU)\]/ } @block;
            if ($config) { print $first + 1, "\texample\t", ($block[0] =~ m,^# (/etc/[^: ]+), ? $1 : "-"), " $config\n"; }
            elsif ($block[0] =~ /^(?:$shown)/) { print $first + 1, "\tshown\t$block[0]\n"; }
            else {
                for my $k (0 .. $#block) {
                    my $command = $block[$k] =~ s/(^|\s+)# .*//r;
                    print $first + $k + 1, "\tcommand\t$command\n" if $command ne "";
                }
            }
            $i--;
        }
        $text = join("\n", @lines);
        while ($text =~ /`([^`]+)`/g) {
            my ($span, $line) = ($1, 1 + (substr($text, 0, $-[0]) =~ tr/\n//));
            print "$line\tspan\t", $span =~ s/\s+/ /gr, "\n";
        }' "$DOCUMENT" "$(paste -sd'|' <<<"$SHOWN")" | sort -s -n -k1,1
}

# block_at LINE: a block of code, as it is to be copied.
block_at() {
    sed -n "$1,\$p" "$DOCUMENT" | awk '/^    / || /^ *$/ { print; next } { exit }' | sed -E '1{h;s/^( *).*/\1/;x};s/^ {4,7}//' |
        sed -e :a -e '/^\n*$/{$d;N;ba' -e '}'
}

# passage BEGINNING: the document's block that begins so.
passage() {
    local line
    line=$(parts | BEGINNING=$1 awk -F'\t' 'index($3, ENVIRON["BEGINNING"]) == 1 { print $1; exit }')
    [[ $line ]] || { echo "$PAGE has no block that begins: $1" >&2 && return 1; }
    block_at "$line"
}

# sense: config without comments and empty lines.
sense() { grep -vE '^(#|$)' "$@"; }

# commands: "LINE<tab>COMMAND" of each, in their order. Within the text a command begins with one of $PROGRAMS and has an argument; some are
# only named there, and would want another one.
commands() {
    parts | awk -F'\t' -v programs=" $(xargs <<<"$PROGRAMS") " '
        $2 == "command" { print $1 "\t" $3 }
        $2 == "span" && $3 ~ /^passthroughctl (add|remove|bind|release|capture)$/ { next }
        $2 == "span" { n = split($3, word, " "); if (n > 1 && index(programs, " " word[1] " ")) print $1 "\t" $3 }'
}

# --- the host

# host: two identical graphics cards with their audio functions, of which the firmware uses the first; a disk that the host needs and one that it
# does not; a network card and a USB controller. GRUB of Debian, one kernel, and an image that knows nothing of rules.
host() {
    host_begins full
    two_cards
    root_port 0000:40:04.1 43
    pci_add 0000:43:00.0 1b36:0010 010802 under=0000:40:04.1 group=30 driver=nvme
    disk nvme0n1 259:0 0000:43:00.0
    root_port 0000:40:04.2 44
    pci_add 0000:44:00.0 8086:10d3 0200 under=0000:40:04.2 group=31 driver=e1000e
    nic eno2 0000:44:00.0
    nic_of_host
    pci_add 0000:40:05.0 1b36:000d 0c0330 group=33 driver=xhci_hcd
    usb_bus 3 0000:40:05.0
    host_ends
}

host_begins() { # host_begins full|bare
    [[ $EUID == 0 ]] && unshare -m mount --make-rprivate / 2>/dev/null || skip 'mount namespaces are for root'
    tree_new "$1"
    firmware_uuid
    link class/dmi/id devices/virtual/dmi/id
    put /proc/cpuinfo 'vendor_id : GenuineIntel'
    put /proc/cmdline "BOOT_IMAGE=/boot/vmlinuz-$KERNEL root=UUID=5d1b7b2e-53c5-4d2c-9d3b-0a63fbb41a11 ro quiet"
    mkdir -p "$ROOT/sys/firmware/acpi/tables"
    : >"$ROOT/sys/firmware/acpi/tables/DMAR"
    pci_root 0000:40
}

host_ends() {
    driver_present vfio-pci
    debian
    clone
    cp -r "$ROOT/proc" "$BATS_TEST_TMPDIR/proc"
    mkdir "$ROOT/facts"
    cp -r "$ROOT/proc/self/mountinfo" "$ROOT/proc/net" "$ROOT/facts"
}

two_cards() {
    root_port 0000:40:01.1 41
    pci_add 0000:41:00.0 10de:1b06 0300 under=0000:40:01.1 group=14 driver=nouveau boot_vga=1
    pci_add 0000:41:00.1 10de:10ef 0403 under=0000:40:01.1 group=14 driver=snd_hda_intel
    root_port 0000:40:03.1 42
    pci_add 0000:42:00.0 10de:1b06 0300 under=0000:40:03.1 group=15 driver=nouveau
    pci_add 0000:42:00.1 10de:10ef 0403 under=0000:40:03.1 group=15 driver=snd_hda_intel
}

nic_of_host() {
    root_port 0000:40:04.3 45
    pci_add 0000:45:00.0 8086:10d3 0200 under=0000:40:04.3 group=32 driver=e1000e
    nic eno1 0000:45:00.0 up
    net_address eno1
    default_route eno1
}

# Images are tar archives. A dracut without the module puts nothing of ours into one.
debian() {
    put /etc/debian_version 12.5
    put /etc/default/grub 'GRUB_CMDLINE_LINUX_DEFAULT="quiet"' 'GRUB_CMDLINE_LINUX=""'
    put "$MENU" "menuentry 'Debian GNU/Linux' {" "	linux	/boot/vmlinuz-$KERNEL root=UUID=5d1b7b2e-53c5-4d2c-9d3b-0a63fbb41a11 ro quiet" \
        "	initrd	/boot/initrd.img-$KERNEL" '}'
    put "/boot/vmlinuz-$KERNEL" kernel
    tar -cf "$ROOT/boot/initrd.img-$KERNEL" -T /dev/null
    program /usr/sbin/update-grub '. /etc/default/grub' 'for x in /etc/default/grub.d/*.cfg; do [ ! -e "$x" ] || . "$x"; done' \
        "sed 's/ ro .*/ ro '\"\$GRUB_CMDLINE_LINUX \$GRUB_CMDLINE_LINUX_DEFAULT\"'/' $MENU >/boot/new && cat /boot/new >$MENU && rm /boot/new"
    program /usr/sbin/dracut 'echo "dracut $*" >>/var/lib/ran' 'kver= out=' \
        'while [ $# -gt 0 ]; do case $1 in --kver) kver=$2; shift ;; -*) ;; *) out=$1 ;; esac; shift; done' \
        "if [ -z \"\$out\" ]; then kver=$KERNEL out=/boot/initrd.img-$KERNEL; fi" 'dir=$(mktemp -d /var/lib/dracut.XXXXXX)' \
        'if [ -d /usr/lib/dracut/modules.d/50passthrough ]; then' \
        '    mkdir -p $dir/usr/lib/passthrough $dir/usr/lib/systemd/system-generators $dir/lib' \
        '    /stand-ins/passthroughctl image --kernel=$kver $dir' '    cp /usr/lib/passthrough/passthrough-bind $dir/usr/lib/passthrough/' \
        '    touch $dir/lib/libkmod.so.2 $dir/lib/libblkid.so.1' \
        '    cp /usr/lib/systemd/system-generators/passthrough-generator $dir/usr/lib/systemd/system-generators/' \
        '    /stand-ins/passthroughctl image --modules --kernel=$kver | while read -r m; do echo m >$dir/lib/$m.ko.xz; done' 'fi' \
        'tar -C $dir -cf $out .' 'rm -r $dir'
    program /usr/sbin/lsinitrd 'case $1 in -f) tar -xOf "$3" "./$2" 2>/dev/null ;; *) tar -tvf "$1" ;; esac' 'exit 0'
    put /etc/kernel/postinst.d/dracut x
    program /stand-ins/sudo 'exec "$@"'
    program /stand-ins/make 'exec /bin/make -s -o all BUILD=/build "$@"' # what it builds is there
    # What is mounted and routed there is not what is so on the machine that runs this.
    program /stand-ins/passthroughctl 'if [ -e /facts/mountinfo ]; then' '    mount --bind /facts/mountinfo /proc/$$/mountinfo' \
        '    mount --bind /facts/net /proc/$$/net' 'fi' \
        'case $1 in apply) shift; set -- apply --no-trial "$@" ;; esac' 'exec /usr/bin/passthroughctl "$@"' # trials have boots of their own
    local name
    for name in apt-get update-initramfs reboot journalctl vgchange; do
        program "/stand-ins/$name" "echo \"$name\${*:+ \$*}\" >>/var/lib/ran"
    done
}

program() { # program FILE LINE...
    put "$1" '#!/bin/sh' 'set -e' "${@:2}"
    chmod +x "$ROOT$1"
}

# What the reader has cloned and, as far as that is no test of ours, built.
clone() {
    local dir
    LIBRARIES=/usr/lib/$("${CC:-cc}" -print-multiarch)
    rm -rf "$ROOT/bin"
    for dir in "$LIBRARIES" /usr/bin /lib64 /machine/bin /build /dev /tmp /var/lib /clone; do mkdir -p "$ROOT$dir"; done
    ln -s machine/bin "$ROOT/bin"
    ln -s "../usr/lib/${LIBRARIES##*/}" "$ROOT/lib/${LIBRARIES##*/}"
}

# on_host COMMAND: a line for the shell, on that host, in the clone; sets $status, $output and $stderr.
on_host() {
    # shellcheck disable=SC2016 # expanded by the inner shell
    run_program timeout 60 unshare -m bash -c '
        set -e
        root=$1 build=$2 libraries=$3 proc=$4 top=$5
        mount --bind /usr/bin "$root/machine/bin"
        for dir in /lib64 /dev "$libraries"; do mount --rbind "$dir" "$root$dir"; done
        mount --bind "$build" "$root/build"
        mount --bind "$top" "$root/clone"
        mount -o remount,bind,ro "$root/clone"
        mount --rbind /proc "$root/proc"
        for file in cmdline cpuinfo sys/kernel/osrelease sys/kernel/random/boot_id swaps modules; do
            [[ ! -e $proc/$file ]] || mount --bind "$proc/$file" "$root/proc/$file"
        done
        exec chroot "$root" /bin/env -C /clone -u DESTDIR -u PREFIX -u MAKEFLAGS -u MAKELEVEL \
            PATH=/stand-ins:/usr/sbin:/usr/bin:/bin HOME=/root /bin/sh -c "$6"' \
        bash "$ROOT" "$BUILD" "$LIBRARIES" "$BATS_TEST_TMPDIR/proc" "$TOP" "$1"
}

ran() { # ran LINE: one of the stand-ins was called so, and is so once for each time this is asked
    grep -qxF -- "$1" "$ROOT/var/lib/ran" || { echo "not called: $1" && cat "$ROOT/var/lib/ran" && return 1; }
    rm "$ROOT/var/lib/ran"
}

# boots [ID]: what a boot by that entry of the menu, or by the first, leaves behind, as far as a tree of plain files has it: the kernel's command line,
# and devices as the image's rules would have them, which is the executor's record. That a kernel does this, tests/boot shows.
boots() {
    local address driver rules entry
    entry=$(awk -v id="${1-}" '/^menuentry/ { on = id == "" || index($0, "\047" id "\047") } on { print } /^}/ && on { exit }' "$ROOT$MENU")
    sed -n 's/^\tlinux\t/BOOT_IMAGE=/p' <<<"$entry" >"$BATS_TEST_TMPDIR/proc/cmdline"
    cp "$BATS_TEST_TMPDIR/proc/cmdline" "$ROOT/proc/cmdline"
    rm -rf "$ROOT/run/passthrough"
    rules=$(tar -tf "$ROOT$(sed -n 's/^\tinitrd\t//p' <<<"$entry")" | grep 'etc/passthrough.d/.*conf' || true)
    for address in 0000:42:00.0 0000:42:00.1; do
        driver=nouveau
        [[ $address == *.0 ]] || driver=snd_hda_intel
        if [[ $rules ]]; then driver=vfio-pci; fi
        pci_bind "$address" "$driver"
        pci_set "$address" driver_override "$(if [[ $rules ]]; then echo vfio-pci; else echo '(null)'; fi)"
    done
    [[ $rules ]] || return 0
    put /etc/initrd-release ID=debian
    "$BUILD/passthrough-bind" --root="$ROOT" --stage=initrd || true
    rm "$ROOT/etc/initrd-release"
}
