# How modules are loaded, by the real libkmod: which, in which order, with which options.

load product
load tree
load live

setup() {
    local src=$BATS_TEST_DIRNAME/../../src name
    local -a names=()
    command -v "${CC:-cc}" >/dev/null || skip 'no compiler'
    [[ ! -e /sys/module/vfio_pci && ! -e /sys/module/pci_stub ]] || skip 'this machine has the drivers already'
    KMOD=$BATS_TEST_TMPDIR/kmod LIB=$BATS_TEST_TMPDIR/lib
    mkdir -p "$LIB/kernel"
    "${CC:-cc}" -std=gnu17 -D_GNU_SOURCE -I"$src" -O1 -Wall -Wextra -Werror -fsanitize=address,undefined -fno-sanitize-recover=all -rdynamic -o "$KMOD" \
        "$BATS_TEST_DIRNAME/kmod.c" "$src"/act/kmod.c "$src"/config/driver.c "$src"/base/{arena,str,memory}.c
    for name in vfio-pci pci-stub other broken dependency; do
        echo module >"$LIB/kernel/$name.ko"
        names+=("${name//-/_}" "kernel/$name.ko:")
        [[ $name != other ]] || names[-1]+=' kernel/dependency.ko'
    done
    "$KMOD" index "$LIB/modules.dep.bin" "${names[@]}"
    "$KMOD" index "$LIB/modules.alias.bin" lab:d1 other
    for name in symbols builtin builtin.alias; do "$KMOD" index "$LIB/modules.$name.bin"; done
    options
}

# options LINE...: what modprobe.d has. libkmod reads the kernel's own file of softdeps as one of them.
options() {
    printf '%s\n' "$@" >"$LIB/modules.softdep"
}

# inserts [alias] NAME LINE...: what comes of it.
inserts() {
    local how=name
    if [[ $1 == alias ]]; then how=alias && shift; fi
    run "$KMOD" "../../../..$LIB" $how "$1"
    is "$output" "$(printf '%s\n' "${@:2}")" "what loading $1 does"
}

@test "vfio-pci and pci-stub get an empty ids= behind the options of modprobe.d, whether there are any or not; others get theirs" {
    inserts vfio-pci 'vfio-pci.ko: ids=' 0
    inserts other dependency.ko: other.ko: 0
    options 'options vfio-pci ids=8086:10d3 disable_idle_d3=1' 'options vfio_pci ids=1b36:0010' 'options other ids=1' 'options pci_stub ids=1'
    inserts vfio-pci 'vfio-pci.ko: ids=8086:10d3 disable_idle_d3=1 ids=1b36:0010 ids=' 0
    inserts pci-stub 'pci-stub.ko: ids=1 ids=' 0
    inserts other dependency.ko: 'other.ko: ids=1' 0
}

@test "options behind which the kernel would read nothing are left out: an open quote, --" {
    options 'options vfio-pci ids="8086:10d3'
    inserts vfio-pci 'vfio-pci.ko: ids=' 0
    options 'options vfio-pci ids=8086:10d3 --'
    inserts vfio-pci 'vfio-pci.ko: ids=' 0
    options 'options vfio-pci ids="8086:10d3, 1b36:0010"'
    inserts vfio-pci 'vfio-pci.ko: ids="8086:10d3, 1b36:0010" ids=' 0
}

@test "what a softdep of a dependency brings along gets it, too: for a driver by name, and for the host's own by alias" {
    options 'options vfio-pci ids=8086:10d3' 'options pci-stub ids=8086:10d3' 'softdep dependency pre: vfio-pci broken post: pci-stub'
    local all=('vfio-pci.ko: ids=8086:10d3 ids=' broken.ko: dependency.ko: 'pci-stub.ko: ids=8086:10d3 ids=' other.ko: 0)
    inserts other "${all[@]}"
    inserts alias lab:d1 "${all[@]}"
}

@test "no install command is run: what is needed is inserted all the same, a softdep that has one is not" {
    options "install other touch $BATS_TEST_TMPDIR/ran" "install dependency touch $BATS_TEST_TMPDIR/ran" \
        "install pci-stub touch $BATS_TEST_TMPDIR/ran" 'softdep dependency pre: pci-stub'
    inserts other dependency.ko: other.ko: 0
    [[ ! -e $BATS_TEST_TMPDIR/ran ]]
}

@test "what cannot be inserted or is not there is told; what the blacklist has is held back by alias alone" {
    inserts broken 'broken.ko:' 'Exec format error'
    inserts none 'No such file or directory'
    options 'blacklist other'
    inserts alias lab:d1 'Operation not permitted'
    inserts other dependency.ko: other.ko: 0
}

@test "what the kernel's own directory has not is loaded from what another initrd has brought, with what it needs" {
    tree_new bare
    live_root
    local own=$ROOT/lib/modules/lab brought=$ROOT/usr/lib/passthrough/modules/lab
    mkdir -p "$own" "${brought%/*}"
    cp -r "$LIB" "$brought"
    cp "$KMOD" "$ROOT/kmod"
    loads() {
        live_run /kmod lab name "$1"
        is "$output" "$(printf '%s\n' "${@:2}")" "what loading $1 does"
    }
    # Without lists, as an initrd without modules is, and with lists that lack it.
    loads vfio-pci 'vfio-pci.ko: ids=' 0
    loads other dependency.ko: other.ko: 0
    for name in dep alias symbols builtin builtin.alias; do "$KMOD" index "$own/modules.$name.bin"; done
    loads other dependency.ko: other.ko: 0
    loads none 'No such file or directory'
    # One that is there comes from there, and its failure is told.
    echo module >"$own/broken.ko"
    "$KMOD" index "$own/modules.dep.bin" broken broken.ko:
    cp "$brought/kernel/other.ko" "$brought/kernel/broken.ko"
    loads broken 'broken.ko:' 'Exec format error'
    rm -r "$brought"
    loads other 'No such file or directory'
}
