# A way to boot that is not in the sources: one file and one line of the table add it, and apply, undo, trials and check know it.

load product
load tree
load live
load tree-boot
load seam

TOKENS='intel_iommu=on iommu=pt'

setup_file() {
    seam_copy
    cp "$BATS_TEST_DIRNAME/../seams/loader/rom.c" "$COPY/src/loader"
    sed -i 's/^\( *\)is(loader_image_based)/\1is(loader_rom) \\\n&/' "$COPY/src/loader/table.c"
    seam_build passthroughctl
}

setup() {
    BUILD=$COPY/build
    tree_new bare
    put /proc/cpuinfo 'vendor_id : GenuineIntel'
    put /proc/cmdline 'root=/dev/sda1 ro'
    put /boot/rom.cfg 'root=/dev/sda1 ro -- single'
    image_there
    rule gpu0 '[Match]' ID=10de:1b06
}

reads() { is "$(<"$ROOT$1")" "$2" "$1"; }

@test "one file and one line are all that was added" {
    is "$(seam_added)" $'src/loader/rom.c\n>         is(loader_rom) \\' 'what was added'
}

@test "apply writes where it reads, once, and says from what the host boots" {
    ctl apply
    exits 0
    has 'Boot loader     a ROM (/boot/rom.cfg)' 'Wrote           /boot/rom.cfg' 'Boot entries    1, verified'
    reads /boot/rom.cfg "root=/dev/sda1 ro $TOKENS -- single"
    ctl apply
    has 'Command line    nothing to do'
    ctl apply --json
    is "$(get .boots_from)" 'a ROM' boots_from
}

@test "tokens that the config no longer needs go, and undo brings back what was there" {
    ctl apply
    rm "$ROOT/etc/passthrough.d/gpu0.conf"
    ctl apply
    exits 0
    reads /boot/rom.cfg 'root=/dev/sda1 ro -- single'
    ctl undo --list
    says '^      2  .*a ROM'
    ctl undo 1
    exits 0
    reads /boot/rom.cfg 'root=/dev/sda1 ro -- single'
}

@test "undo takes our tokens out of a file that others have changed" {
    ctl apply
    sed -i 's/sda1/sdb1/' "$ROOT/boot/rom.cfg"
    ctl undo
    exits 0
    has 'Edited          /boot/rom.cfg: only the added parameters go'
    reads /boot/rom.cfg 'root=/dev/sdb1 ro -- single'
}

@test "a line that would be too long is not written" {
    put /boot/rom.cfg "root=/dev/sda1 ro $(head -c 2020 </dev/zero | tr '\0' x)"
    ctl apply
    exits 1
    has 'the line has' 'nothing is written'
    has_not 'wrote'
}

@test "beside another loader it is not known which of them boots" {
    put /boot/loader/entries/lab.conf 'title Lab' "linux /linux" 'options root=/dev/sda1 ro'
    ctl apply
    exits 1
    has 'there are both /boot/rom.cfg and boot loader entries' LoaderInfo
}

@test "check says whether it can try a config, and apply has it try one" {
    put "/boot/vmlinuz-$KERNEL" kernel
    live_root
    mkdir -p "$ROOT/usr/sbin" "$BATS_TEST_TMPDIR/empty"
    tar -C "$BATS_TEST_TMPDIR/empty" -cf "$ROOT/boot/initrd.img-$KERNEL" .
    image_tools
    boot_with first 'root=/dev/sda1 ro'
    live check --json
    has 'rom-once is not there'
    is "$(get '.checks[] | select(.id == "trial.bootloader") | .status')" warn trial.bootloader
    program /usr/sbin/rom-once ': >/var/lib/rom-once'
    live check --json
    has_not 'rom-once is not there'
    is "$(get '.checks[] | select(.id == "trial.bootloader") | .status')" warn trial.bootloader
    live apply
    exits 0
    has 'tries this once' 'Wrote           /boot/rom.once'
    reads /boot/rom.cfg 'root=/dev/sda1 ro -- single'
    [[ $(<"$ROOT/boot/rom.once") == "root=/dev/sda1 ro $TOKENS passthrough.trial="*' -- single' && -e $ROOT/var/lib/rom-once ]]
    live undo
    exits 0
    [[ ! -e $ROOT/boot/rom.once ]]
}
