# shellcheck shell=bash
# Memory, NUMA nodes, huge pages and passthrough.conf, for the machine of tree.bash.

# memory KIB [DEFAULT-KIB]: /proc/meminfo.
memory() {
    put /proc/meminfo "MemTotal:       $1 kB" "MemFree:        $1 kB" 'HugePages_Total:       0' "Hugepagesize:       ${2-2048} kB"
}

# kernel_size KIB [PAGES]: a size of huge pages that the kernel has, on the machine as a whole.
kernel_size() {
    put "$(pages_file "$1")" "${2-0}"
}

# node N KIB SIZE-KIB...: a NUMA node with so much memory and no page of these sizes yet.
node() {
    local size
    put "/sys/devices/system/node/node$1/meminfo" "Node $1 MemTotal:       $2 kB" "Node $1 MemFree:        $2 kB"
    for size in "${@:3}"; do put "$(pages_file "$size" "$1")" 0; done
}

# pages_file SIZE-KIB [NODE]
pages_file() {
    local dir=/sys/kernel/mm
    if (($# > 1)); then dir=/sys/devices/system/node/node$2; fi
    echo "$dir/hugepages/hugepages-$1kB/nr_hugepages"
}

# pages SIZE-KIB [NODE]: how many are there.
pages() {
    tr -d '\n' <"$ROOT$(pages_file "$@")"
}

# two_nodes: 2 GiB and 6 GiB, with both of x86's sizes.
two_nodes() {
    memory $((8 * 1048576))
    kernel_size 2048
    kernel_size 1048576
    node 0 $((2 * 1048576)) 2048 1048576
    node 1 $((6 * 1048576)) 2048 1048576
}

# settings LINE...: /etc/passthrough.conf.
settings() {
    put /etc/passthrough.conf "$@"
}

# asked: of each entry "size@node=asked:action", in order.
asked() {
    get '.hugepages.pools[] | "\(.size)@\(.node // "-")=\(.asked):\(.action)"'
}

# why N: the reason of the N-th, from 0.
why() {
    get ".hugepages.pools[$1].reason"
}
