# A virtual machine monitor that is not in the sources: one file and one line of the table add it, and show knows it.

load product
load tree
load seam

setup_file() {
    seam_copy
    cp "$BATS_TEST_DIRNAME/../seams/exporter/crate.c" "$COPY/src/export"
    sed -i 's/ is(exporter_libvirt)/& is(exporter_crate)/' "$COPY/src/export/table.c"
    seam_build passthroughctl
}

setup() {
    BUILD=$COPY/build
    tree_new
    card 0000:00:02.0 01 1
    rule gpu '[Match]' Address=01:00.0
}

@test "one file and one line are all that was added" {
    is "$(seam_added | wc -l)" 3 'lines that differ, with the one before'
    seam_added | grep -qx 'src/export/crate.c'
}

@test "show has it for people and for programs" {
    ctl show gpu
    exits 0
    has Crate '  open the lid host=0000:01:00.0 slot 16.0' '  open the lid host=0000:01:00.1 slot 16.1'
    ctl show gpu --json
    is "$(get '.crate[]')" 'lid host=0000:01:00.0 slot 16.0 lid host=0000:01:00.1 slot 16.1' crate
    is "$(get '.qemu | length')" 4 'the others, as before'
}
