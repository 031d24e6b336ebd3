# SPDX-License-Identifier: GPL-2.0-or-later
# passthroughctl hugepages: the request in passthrough.conf, if the host can give it.

load product
load tree
load tree-pages

CONF=/etc/passthrough.conf

setup() {
    tree_again set-pages && return
    tree_new bare
    dracut_there
    two_nodes
    tree_keep set-pages
}

# reads LINE...: the file.
reads() {
    is "$(<"$ROOT$CONF")" "$(printf '%s\n' "$@")" "$CONF"
}

all_files() {
    (cd "$ROOT" && find . -printf '%p %y %l\n' | LC_ALL=C sort && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 cat) | sha256sum
}

# writes_nothing STATUS ARG...
writes_nothing() {
    local before
    before=$(all_files)
    ctl hugepages "${@:2}"
    exits "$1" || return 1
    is "$(all_files)" "$before" 'the tree'
}

@test "a request is written, and plan has it; a second one changes its line" {
    ctl hugepages 2M=64
    exits 0
    has "Wrote           $CONF" '128.0 MiB of '
    reads '[HugePages]' Size=2M Count=64
    plan
    is "$(asked)" '2M@-=64:write' pools
    ctl hugepages 2M=0:10,1:20
    exits 0
    reads '[HugePages]' Size=2M 'Nodes=0:10 1:20'
    ctl hugepages 1G=2 2M=8
    exits 0
    reads '[HugePages]' Size=2M Count=8 '' '[HugePages]' Size=1G Count=2
    plan
    is "$(asked)" '1G@-=2:write 2M@-=8:write' pools
}

@test "all other lines and comments stay, and a copy of what was there is kept" {
    settings '# the host' '[Host]' IOMMU=auto '' '# for guests' '[HugePages]' '  Size = 1024M' '; not too many' 'Nodes=0:1 \' '  1:2' 'Default=no # yes' '' '[HugePages]' Size=2M Count=7
    sed -i 's/^Default.*/Default=no/' "$ROOT$CONF"
    cp "$ROOT$CONF" "$BATS_TEST_TMPDIR/old"
    chmod 0640 "$ROOT$CONF"
    ctl hugepages 1G=1
    exits 0
    reads '# the host' '[Host]' IOMMU=auto '' '# for guests' '[HugePages]' '  Size = 1024M' '; not too many' Count=1 Default=no '' '[HugePages]' Size=2M Count=7
    is "$(stat -c %a "$ROOT$CONF")" 640 mode
    cmp "$ROOT/var/lib/passthrough/removed/passthrough.conf.1/passthrough.conf" "$BATS_TEST_TMPDIR/old"
    has 'the old one in /var/lib/passthrough/removed/passthrough.conf.1'
    printf '[Host]' >"$ROOT$CONF"
    ctl hugepages 2M=1
    exits 0
    reads '[Host]' '' '[HugePages]' Size=2M Count=1
    [[ -e $ROOT/var/lib/passthrough/removed/passthrough.conf.2/passthrough.conf ]]
}

@test "what is asked for already is nothing to do, and 0 takes it back" {
    settings '[HugePages]' Size=1G Count=2
    writes_nothing 0 1G=2
    has 'nothing to do'
    ctl hugepages 1G=0
    exits 0
    plan
    exits 0
    is "$(get '.operations | length')" 0 operations
    ctl cmdline
    is "$output" '' tokens
}

@test "what the host cannot give is refused, with the part that stays for it; a dry run says the same" {
    local option
    for option in '' --dry-run; do
        # shellcheck disable=SC2086 # words
        writes_nothing 1 1G=8 $option
        has 'nothing is written: 8 pages of 1G: 8.0 GiB asked for; at most 7.2 GiB of the 8.0 GiB of the machine can be huge pages'
        # shellcheck disable=SC2086
        writes_nothing 1 1G=0:2 $option
        has '2 pages of 1G on node 0' 'of node 0 can be huge pages'
        # shellcheck disable=SC2086
        writes_nothing 1 16M=1 $option
        has 'this kernel has no huge pages of 16M'
        # shellcheck disable=SC2086
        writes_nothing 1 1G=7:1 $option
        has 'this machine has no NUMA node 7'
    done
    settings '[HugePages]' Size=1G Count=7
    writes_nothing 1 2M=4096
    rm "$ROOT/proc/meminfo"
    writes_nothing 1 2M=64
    has 'cannot see how much memory'
}

@test "what was refused before is no reason against another size" {
    settings '[HugePages]' Size=1G Count=99
    ctl hugepages 2M=64
    exits 0
    plan
    is "$(asked)" '1G@-=99:refuse 2M@-=64:write' pools
}

@test "the part that stays for a large host is a 64th of its memory" {
    memory $((512 * 1048576))
    node 0 $((256 * 1048576)) 2048 1048576
    node 1 $((256 * 1048576)) 2048 1048576
    writes_nothing 1 1G=505
    has 'at most 504.0 GiB of the 512.0 GiB of the machine can be huge pages'
    ctl hugepages 1G=504
    exits 0
    has '504.0 GiB of 512.0 GiB; the host keeps at least 8.0 GiB'
}

@test "--dry-run and --json" {
    writes_nothing 0 2M=64 --dry-run
    has 'Would write' 'Count=64'
    writes_nothing 0 2M=64 --dry-run --json
    whole '.changed and .file == "/etc/passthrough.conf" and .kept == "" and .pools == [{"size":"2M","node":null,"asked":64,"action":"write","reason":"reserves 64 pages of 2M"}]'
    ctl hugepages 2M=64 --json
    exits 0
    whole .changed
    ctl hugepages 2M=64 --json
    exits 0
    whole '.changed | not'
    ctl hugepages 1G=8 --json
    exits 1
    whole '(.changed | not) and (.message | test("8 pages of 1G")) and .reserve > 0'
}

@test "an argument that is none is a usage error with what would be right" {
    local word
    for word in 1G 1G= =5 1G=x 3G=1 1G=0:x 1G=0:1,0:2 1G=0:1,2 '1G=1 2' $'1G=1\nDefault=yes' 64=1 1X=1 1G=-1; do
        writes_nothing 2 "$word" || { echo "$word" && return 1; }
        has 'such as 1G=64'
    done
    writes_nothing 2 1G=1 1024M=2
    writes_nothing 2
}

@test "a file that is wrong, masked, or overruled by a drop-in is left as it is" {
    settings '[HugePages]' Size=2M Count=7 Foo=1
    writes_nothing 2 2M=64
    has "$CONF:4: "
    rm "$ROOT$CONF" && ln -s /dev/null "$ROOT$CONF"
    writes_nothing 1 2M=64
    has 'masks those of /run and /usr/lib'
    rm "$ROOT$CONF"
    put /etc/passthrough.conf.d/vendor.conf '[HugePages]' Size=2M Count=7
    writes_nothing 1 2M=64
    has 'a drop-in in passthrough.conf.d has the last word on pages of 2M'
    put /usr/lib/passthrough.conf '[HugePages]' Size=1G Count=1
    ctl hugepages 1G=2
    exits 0
    plan
    is "$(asked)" '1G@-=2:write 2M@-=7:write' pools
}

@test "a link is followed, and stays" {
    put /etc/host/passthrough.conf '[Host]'
    ln -s host/passthrough.conf "$ROOT$CONF"
    ctl hugepages 2M=1
    exits 0
    [[ -L $ROOT$CONF ]]
    is "$(<"$ROOT/etc/host/passthrough.conf")" "$(printf '%s\n' '[Host]' '' '[HugePages]' Size=2M Count=1)" 'the file'
}
