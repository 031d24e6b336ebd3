# A way to boot that is not in the sources: one file and one line of the table add it, and apply, undo, trials and check know it.

load product
load tree
load live
load tree-boot

TOKENS='intel_iommu=on iommu=pt'

# A copy of the sources, with what is built of them, and in it the made-up loader.
setup_file() {
    export COPY=$BATS_FILE_TMPDIR/copy
    local top=$BATS_TEST_DIRNAME/../..
    local -a options=()
    if sanitized; then options=(SANITIZE=1); fi
    mkdir "$COPY"
    cp -a "$top/Makefile" "$top/src" "$top/generator" "$COPY"
    cp -a "$BUILD" "$COPY/build"
    cp "$top/tests/seams/loader/rom.c" "$COPY/src/loader"
    sed -i 's/^\( *\)is(loader_image_based)/\1is(loader_rom) \\\n&/' "$COPY/src/loader/table.c"
    make -s -C "$COPY" BUILD=build CC="${CC:-cc}" "${options[@]}" build/passthroughctl
}

setup() {
    BUILD=$COPY/build
    tree_new bare
    put /proc/cpuinfo 'vendor_id : GenuineIntel'
    put /proc/cmdline 'root=/dev/sda1 ro'
    put /boot/rom.cfg 'root=/dev/sda1 ro -- single'
    rule gpu0 '[Match]' ID=10de:1b06
}

reads() { is "$(<"$ROOT$1")" "$2" "$1"; }

@test "one file and one line are all that was added" {
    run diff -r "$BATS_TEST_DIRNAME/../../src" "$COPY/src"
    is "$(grep -c '^[<>]' <<<"$output")" 1 'lines that differ'
    says '^> *is.loader_rom.'
    is "$(grep '^Only in' <<<"$output")" "Only in $COPY/src/loader: rom.c" 'files of one of them'
}

@test "apply writes where it reads, once, and says from what the host boots" {
    ctl apply
    exits 0
    has 'this host boots from a ROM (/boot/rom.cfg)' 'wrote /boot/rom.cfg' "verified in 1 boot entry: $TOKENS"
    reads /boot/rom.cfg "root=/dev/sda1 ro $TOKENS -- single"
    ctl apply
    has 'the command line: nothing to do'
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
    says '^2  .*a ROM'
    ctl undo 1
    exits 0
    reads /boot/rom.cfg 'root=/dev/sda1 ro -- single'
}

@test "undo takes our tokens out of a file that others have changed" {
    ctl apply
    sed -i 's/sda1/sdb1/' "$ROOT/boot/rom.cfg"
    ctl undo
    exits 0
    has 'took the tokens out of /boot/rom.cfg'
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
    has 'the next boot tries this, once' 'wrote /boot/rom.once'
    reads /boot/rom.cfg 'root=/dev/sda1 ro -- single'
    [[ $(<"$ROOT/boot/rom.once") == "root=/dev/sda1 ro $TOKENS passthrough.trial="*' -- single' && -e $ROOT/var/lib/rom-once ]]
    live undo
    exits 0
    [[ ! -e $ROOT/boot/rom.once ]]
}
