# Huge pages: what is planned for a machine with two NUMA nodes, what is written, read back, recorded and mounted.

load product
load tree
load tree-pages

setup_file() {
    cc -std=gnu17 -D_GNU_SOURCE -O1 -Wall -Wextra -shared -fPIC -o "$BATS_FILE_TMPDIR/short-pages.so" "$BATS_TEST_DIRNAME/short-pages.c"
}

setup() {
    tree_again pages && return
    tree_new
    root_port 0000:00:02.0 01
    pci_add 0000:01:00.0 1002:5159 0300 under=0000:00:02.0 group=1 driver=vfio-pci override=vfio-pci
    two_nodes
    tree_keep pages
}

# reserve STAGE [VARIABLE=VALUE...]: what the executor does there.
reserve() {
    local initrd=1
    [[ $1 != host ]] || initrd=0
    run --separate-stderr env SYSTEMD_IN_INITRD=$initrd "${@:2}" "$BUILD/passthrough-bind" --root="$ROOT" --stage="$1"
}

# short_reserve PAGES: the same in the initrd, on a kernel that finds no more than so many.
short_reserve() {
    reserve "${2-initrd}" ASAN_OPTIONS="$ASAN_OPTIONS:verify_asan_link_order=0" LD_PRELOAD="$BATS_FILE_TMPDIR/short-pages.so" SHORT_PAGES="$1"
}

# written: every nr_hugepages that is not 0, "file=pages".
written() {
    (cd "$ROOT/sys" && grep -rHx '[1-9][0-9]*' --include=nr_hugepages devices/system/node kernel/mm | sed 's/:/=/' | LC_ALL=C sort | paste -sd' ')
}

# pool N: of status --json, "size@node asked/got state stage".
pool() {
    get ".hugepages.pools[$1] | \"\(.size)@\(.node // \"-\") \(.got)/\(.asked) \(.state) \(.stage)\""
}

# --- plan

@test "per node where nodes are given, else the machine's own file; in the order it is done" {
    settings '[HugePages]' Size=2M 'Nodes=0:64 1:128' '[HugePages]' Size=1G Count=2
    plan
    exits 0
    is "$(asked)" '1G@-=2:write 2M@0=64:write 2M@1=128:write' pools
    is "$(get '.operations[] | "\(.op) \(.stage) \(.target)=\(.value)"')" "$(
        echo write initrd /sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages=2 \
            write initrd /sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages=64 \
            write initrd /sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages=128
    )" operations
    ctl plan --steps
    exits 0
    says '^  initrd +write +/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages  2$'
    says '^ +reserves 128 pages of 2M on node 1$'
    says '^  Huge pages +1G +the machine +2 +reserved in the initrd$'
    says '^ +2M +node 1 +128 +reserved in the initrd$'
}

@test "behind the devices of the initrd, before those of the root stage" {
    rule gpu '[Match]' Address=01:00.0
    pci_add 0000:00:05.0 1234:11e8 0700 group=50
    rule serial '[Match]' Address=00:05.0 '[Device]' Stage=root
    settings '[HugePages]' Size=2M Count=64
    plan
    is "$(get '.operations[] | if .target | test("hugepages") then "pages" else .stage end' | tr ' ' '\n' | uniq | paste -sd' ')" 'initrd pages root' order
}

@test "the document has what it promises, with and without settings" {
    plan
    is "$(get '.hugepages | keys_unsorted[]')" pools keys
    ctl status --json
    is "$(get '.hugepages | keys_unsorted[]')" pools keys
    settings '[HugePages]' Size=2M Count=1 '[HugePages]' Size=1G Nodes=0:1
    plan
    is "$(get '[.hugepages.pools[] | keys_unsorted | join(",")] | unique[]')" size,node,asked,action,reason 'keys of a pool'
    is "$(get '[.hugepages.pools[].node | type][]')" 'number null' types
}

@test "what the running host has is not what the next boot finds" {
    settings '[HugePages]' Size=2M Count=64
    kernel_size 2048 64
    plan
    is "$(asked)" '2M@-=64:write' 'on the host'
    SYSTEMD_IN_INITRD=1 plan
    is "$(asked)" '2M@-=64:keep' 'in the initrd'
}

@test "a size that the kernel does not have is refused, and so is a node that is not there" {
    rm -r "$ROOT"/sys/kernel/mm/hugepages/hugepages-1048576kB
    settings '[HugePages]' Size=1G Count=1 '[HugePages]' Size=2M 'Nodes=1:1 2:1'
    plan
    exits 1
    is "$(asked)" '1G@-=1:refuse 2M@1=1:write 2M@2=1:refuse' pools
    is "$(why 0)" 'this kernel has no huge pages of 1G on this machine; it has 2M' 'the size'
    is "$(why 2)" 'this machine has no NUMA node 2' 'the node'
    rm -r "$ROOT/sys/kernel/mm/hugepages"
    plan
    is "$(why 0)" 'this kernel shows no huge pages' 'no size at all'
    is "$(operations hugepages)" '' operations
}

@test "1 GiB stays for the host, of the machine and of each node, or a tenth where that is less" {
    local most=$(((8192 - 819) / 2))
    settings '[HugePages]' Size=2M Count=$most
    plan
    exits 0
    settings '[HugePages]' Size=2M Count=$((most + 1))
    plan
    exits 1
    is "$(why 0)" '7.2 GiB asked for; at most 7.2 GiB of the 8.0 GiB of the machine can be huge pages' machine
    settings '[HugePages]' Size=1G 'Nodes=0:1 1:5'
    plan
    exits 0
    settings '[HugePages]' Size=1G 'Nodes=0:2 1:6'
    plan
    is "$(asked)" '1G@0=2:refuse 1G@1=6:refuse' nodes
    is "$(why 1)" '6.0 GiB asked for; at most 5.4 GiB of the 6.0 GiB of node 1 can be huge pages' 'node 1'
    memory $((64 * 1048576))
    settings '[HugePages]' Size=1G Count=63
    plan
    exits 0
    settings '[HugePages]' Size=1G Count=64
    plan
    is "$(why 0)" '64.0 GiB asked for; at most 63.0 GiB of the 64.0 GiB of the machine can be huge pages' 'a large machine'
}

@test "a small machine keeps 512 MiB, and the smallest half of what it has" {
    rm -r "$ROOT"/sys/devices/system/node
    memory $((2 * 1048576))
    settings '[HugePages]' Size=2M Count=768
    plan
    exits 0
    settings '[HugePages]' Size=2M Count=769
    plan
    is "$(why 0)" '1.5 GiB asked for; at most 1.5 GiB of the 2.0 GiB of the machine can be huge pages' '2 GiB'
    memory $((768 * 1024))
    settings '[HugePages]' Size=2M Count=192
    plan
    exits 0
    settings '[HugePages]' Size=2M Count=193
    plan
    is "$(why 0)" '386.0 MiB asked for; at most 384.0 MiB of the 768.0 MiB of the machine can be huge pages' '768 MiB'
}

@test "what is asked for adds up, over sizes and nodes" {
    settings '[HugePages]' Size=1G Nodes=1:5 '[HugePages]' Size=2M 'Nodes=1:100 0:900'
    plan
    is "$(asked)" '1G@1=5:write 2M@1=100:write 2M@0=900:write' 'all fits'
    settings '[HugePages]' Size=1G Nodes=1:5 '[HugePages]' Size=2M Nodes=1:300
    plan
    is "$(why 1)" '600.0 MiB asked for; at most 5.4 GiB of the 6.0 GiB of node 1 can be huge pages, and 5.0 GiB are taken' 'the second'
    settings '[HugePages]' Size=1G 'Nodes=0:1 1:5' '[HugePages]' Size=2M Count=1000
    plan
    is "$(asked)" '1G@0=1:write 1G@1=5:write 2M@-=1000:refuse' 'the machine'
}

@test "pages that are there count, whoever reserved them" {
    kernel_size 1048576 6
    settings '[HugePages]' Size=2M Count=1000
    SYSTEMD_IN_INITRD=1 plan
    is "$(why 0)" '1.9 GiB asked for; at most 7.2 GiB of the 8.0 GiB of the machine can be huge pages, and 6.0 GiB are taken' reason
}

@test "numbers beyond any machine are refused, not wrapped" {
    settings '[HugePages]' Size=16G Count=4294967295 '[HugePages]' Size=1G Count=4294967295
    kernel_size 16777216
    plan
    is "$(asked)" '16G@-=4294967295:refuse 1G@-=4294967295:refuse' pools
}

@test "what is not known is refused" {
    settings '[HugePages]' Size=2M Nodes=0:1 '[HugePages]' Size=1G Count=1
    rm "$ROOT/proc/meminfo"
    plan
    exits 1
    is "$(why 0)" 'cannot see how much memory the machine has' MemTotal
    memory $((8 * 1048576))
    rm "$ROOT/sys/devices/system/node/node0/meminfo"
    plan
    is "$(why 1)" 'cannot see how much memory node 0 has' 'of a node'
    node 0 $((2 * 1048576)) 2048
    put "$(pages_file 2048 0)" many
    plan
    is "$(why 1)" 'cannot see how many are there already' nr_hugepages
    rm -r "$ROOT/sys/devices/system/node/node0/hugepages"
    plan
    is "$(why 1)" 'node 0 has no huge pages of 2M' 'a node without them'
}

@test "passthrough=off: nothing" {
    settings '[HugePages]' Size=2M Count=64
    cmdline passthrough=off
    plan
    exits 0
    is "$(asked)" '2M@-=64:skip' plan
    is "$(operations hugepages)" '' operations
    reserve initrd
    reserve host
    exits 0
    is "$(written)" '' written
    [[ ! -e $ROOT/run/passthrough/record ]]
}

# --- in the boot

@test "the initrd writes exactly what is asked for, without any rule, and says so" {
    settings '[HugePages]' Size=2M 'Nodes=0:64 1:128' '[HugePages]' Size=1G Nodes=1:2
    reserve initrd
    exits 0
    is "$(written)" 'devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages=64 devices/system/node/node1/hugepages/hugepages-1048576kB/nr_hugepages=2 devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages=128' written
    is "$stderr" $'huge pages: 2 of 1G on node 1 reserved\nhuge pages: 64 of 2M on node 0 reserved\nhuge pages: 128 of 2M on node 1 reserved' journal
    ctl status --json
    exits 0
    is "$(pool 0), $(pool 1), $(pool 2)" '1G@1 2/2 reserved initrd, 2M@0 64/64 reserved initrd, 2M@1 128/128 reserved initrd' status
    is "$(get '.operations[] | "\(.op) \(.value) \(.stage)"')" 'write 2 initrd write 64 initrd write 128 initrd' operations
    ctl status
    says '^ +2M +node 1 +128 of 128 +reserved$'
}

@test "beside a rule, which is none the worse for it" {
    rule gpu '[Match]' Address=01:00.0
    settings '[HugePages]' Size=2M Count=64 '[HugePages]' Size=1G Nodes=7:1
    reserve initrd
    exits 0
    ctl status --json
    exits 0
    is "$(get '.devices[] | "\(.address) \(.state)"')" '0000:01:00.0 bound' device
    is "$(pool 0), $(pool 1)" '1G@7 0/1 refused initrd, 2M@- 64/64 reserved initrd' pools
    is "$(get '.operations[-1].target')" /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages 'the last operation'
}

@test "a shortfall is told with what was got, and nothing fails" {
    rule gpu '[Match]' Address=01:00.0
    settings '[HugePages]' Size=1G 'Nodes=1:3'
    short_reserve 1
    exits 0
    is "$(pages 1048576 1)" 1 'pages there'
    has 'huge pages: of 3 of 1G on node 1 only 1 reserved: the kernel found no more memory for them in one piece'
    ctl status --json
    exits 0
    is "$(pool 0)" '1G@1 1/3 short initrd' status
    ctl status
    exits 0
    says '^  Huge pages +1G +node 1 +x 1 of 3 +short: the kernel found no more memory for them in one piece$'
}

@test "the host does not ask again for what the image has tried in vain" {
    settings '[HugePages]' Size=1G 'Nodes=1:3'
    short_reserve 1
    reserve host
    exits 0
    is "$stderr" '' 'no second line'
    is "$(pages 1048576 1)" 1 'pages there'
    ctl status --json
    is "$(pool 0)" '1G@1 1/3 short initrd' status
}

@test "a number is raised, never lowered" {
    put "$(pages_file 2048 0)" 100
    put "$(pages_file 2048 1)" 10
    settings '[HugePages]' Size=2M 'Nodes=0:64 1:64'
    reserve initrd
    exits 0
    is "$(pages 2048 0) $(pages 2048 1)" '100 64' pages
    ctl status --json
    is "$(pool 0), $(pool 1)" '2M@0 100/64 reserved initrd, 2M@1 64/64 reserved initrd' status
    has 'more are there already'
}

@test "a write that the kernel refuses is a shortfall with its reason" {
    ((EUID != 0)) || skip 'root may write to anything'
    settings '[HugePages]' Size=2M Count=64
    chmod a-w "$ROOT$(pages_file 2048)"
    reserve initrd
    exits 0
    has 'only 0 reserved: writing 64 to /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages: Permission denied'
}

@test "a stale image: the host reserves what it did not know of, and leaves what it did" {
    settings '[HugePages]' Size=2M Nodes=0:64
    reserve initrd
    settings '[HugePages]' Size=2M 'Nodes=0:64 1:32'
    reserve host
    exits 0
    is "$stderr" 'huge pages: 32 of 2M on node 1 reserved' journal
    is "$(pages 2048 0) $(pages 2048 1)" '64 32' pages
    ctl status --json
    is "$(pool 0), $(pool 1)" '2M@0 64/64 reserved initrd, 2M@1 32/32 reserved host' status
    is "$(get '.operations[] | "\(.value) \(.stage)"')" '64 initrd 32 host' operations
}

@test "an image without any: the host reserves them all" {
    settings '[HugePages]' Size=2M Count=64
    reserve host
    exits 0
    is "$(pages 2048)" 64 pages
    ctl status --json
    is "$(pool 0)" '2M@- 64/64 reserved host' status
}

@test "twice in one boot is once" {
    settings '[HugePages]' Size=2M Count=64
    reserve initrd
    settings '[HugePages]' Size=2M Count=128
    reserve initrd
    is "$(pages 2048)" 64 pages
}

@test "without settings there is no record, and no other stage reserves anything" {
    reserve initrd
    exits 0
    [[ ! -e $ROOT/run/passthrough/record ]]
    settings '[HugePages]' Size=2M Count=64
    reserve root
    is "$(written)" '' written
}

# --- units

generate() {
    rm -rf "$ROOT"/run/{normal,early,late}
    mkdir -p "$ROOT"/run/{normal,early,late}
    run --separate-stderr env "$@" "$BUILD/passthrough-generator" --root="$ROOT" /run/normal /run/early /run/late
    exits 0
}

made() {
    (cd "$ROOT/run" && find normal early late ! -type d | LC_ALL=C sort | paste -sd' ')
}

@test "on the host: a mount for each size but the kernel's default, and the service that a stale image needs" {
    settings '[HugePages]' Size=2M Count=1 '[HugePages]' Size=1G Count=1
    generate SYSTEMD_IN_INITRD=0
    is "$(made)" 'late/dev-hugepages1G.mount late/local-fs.target.wants/dev-hugepages1G.mount normal/sysinit.target.wants/passthrough-hugepages.service' 'default 2M'
    local unit
    unit=$(<"$ROOT/run/late/dev-hugepages1G.mount")
    [[ $unit == *$'\nConditionPathExists=/sys/kernel/mm/hugepages/hugepages-1048576kB\n'* && $unit == *$'\nBefore=local-fs.target\n'* ]]
    [[ $unit == *$'\nWhat=hugetlbfs\nWhere=/dev/hugepages1G\nType=hugetlbfs\nOptions=pagesize=1G,nosuid,nodev'* ]]
    memory $((8 * 1048576)) 1048576
    generate SYSTEMD_IN_INITRD=0
    is "$(made)" 'late/dev-hugepages2M.mount late/local-fs.target.wants/dev-hugepages2M.mount normal/sysinit.target.wants/passthrough-hugepages.service' 'default 1G'
}

@test "in the initrd: the unit that binds, alone where there is no rule, with time for what large machines take" {
    settings '[HugePages]' Size=2M Count=1
    generate SYSTEMD_IN_INITRD=1
    is "$(made)" 'normal/passthrough-initrd.service normal/sysinit.target.wants/passthrough-initrd.service' units
    grep -qx TimeoutStartSec=5min "$ROOT/run/normal/passthrough-initrd.service"
    rm "$ROOT/etc/passthrough.conf"
    rule gpu '[Match]' Address=01:00.0
    generate SYSTEMD_IN_INITRD=1
    grep -qx TimeoutStartSec=30s "$ROOT/run/normal/passthrough-initrd.service"
}

@test "off or kdump: no unit of these; one directory is enough" {
    local token
    settings '[HugePages]' Size=1G Count=1
    mkdir -p "$ROOT/run/one"
    run --separate-stderr "$BUILD/passthrough-generator" --root="$ROOT" /run/one
    exits 0
    [[ -f $ROOT/run/one/dev-hugepages1G.mount && -L $ROOT/run/one/sysinit.target.wants/passthrough-hugepages.service ]]
    cp "$ROOT/proc/cmdline" "$BATS_TEST_TMPDIR/cmdline"
    for token in passthrough=off elfcorehdr=0x73000000; do
        cp "$BATS_TEST_TMPDIR/cmdline" "$ROOT/proc/cmdline"
        cmdline $token
        generate SYSTEMD_IN_INITRD=0
        is "$(made)" '' "units with $token"
        generate SYSTEMD_IN_INITRD=1
        is "$(made)" '' "units of the initrd with $token"
    done
}

@test "systemd takes the mount without complaint" {
    command -v systemd-analyze >/dev/null || skip 'no systemd-analyze'
    settings '[HugePages]' Size=1G Count=1
    generate SYSTEMD_IN_INITRD=0
    run systemd-analyze verify --man=no --recursive-errors=no "$ROOT/run/late/dev-hugepages1G.mount"
    [[ $output != *Unknown* && $output != *'Failed to parse'* && $output != *nvalid* && $output != *gnoring* ]] || { show && return 1; }
}

@test "a machine captured says the same" {
    settings '[HugePages]' Size=2M 'Nodes=0:64 1:128'
    plan
    local first=$output
    ctl capture "$BATS_TEST_TMPDIR/captured"
    exits 0
    ROOT=$BATS_TEST_TMPDIR/captured
    plan
    is "$(get .hugepages)" "$(jq -r .hugepages <<<"$first" | paste -sd' ')" hugepages
}
