# passthroughctl add and show, for people: as wide as their screen is and in the letters that it has.
# What the screens are like is in screens/; UPDATE_SCREENS=1 writes what they are now.

load product
load tree
load tree-users
load tree-guard

# is_screen NAME TEXT: that is what screens/NAME has.
is_screen() {
    local file=$BATS_TEST_DIRNAME/screens/$1
    if [[ ${UPDATE_SCREENS-} ]]; then printf '%s\n' "$2" >"$file"; fi
    diff -u "$file" - <<<"$2"
}

# typed COLUMNS COMMAND...: each as it is typed, with what a terminal of that width shows, or a pipe (0).
typed() {
    local columns=$1 line
    shift
    for line; do
        printf '$ passthroughctl %s\n' "$line"
        line="$BUILD/passthroughctl --root=$ROOT $line"
        if ((columns)); then
            env TERM=xterm NO_COLOR=1 script -qec "stty cols $columns; exec $line" /dev/null </dev/null | tr -d '\r'
        else
            $line 2>&1 || true
        fi
        echo
    done
}

# screens NAME COMMAND...: of 80 and 200 columns, in a pipe and in ASCII; none has a line that is too long, but for what is to be copied.
screens() {
    local m=$1 text columns
    shift
    command -v systemd-hwdb >/dev/null || skip 'no systemd-hwdb'
    command -v script >/dev/null || skip 'no script(1)'
    for columns in 80 200; do
        text=$(LC_ALL=C.UTF-8 typed $columns "$@")
        is_screen "$m.$columns" "$text" || return 1
        # What is typed, a file's own text, an error and what is to be copied may be longer.
        text=$(grep -v '^\$ \|^    # Written by\|^passthroughctl: \|-device\|<address' <<<"$text" | perl -CSDA -ne "chomp; print if length > $columns")
        is "$text" '' "lines of more than $columns columns" || return 1
    done
    is_screen "$m.pipe" "$(LC_ALL=C.UTF-8 typed 0 "$@")" || return 1
    text=$(LC_ALL=C typed 80 "$@")
    is_screen "$m.ascii" "$text" || return 1
    ! LC_ALL=C grep -n '[^ -~]' <<<"$text"
}

@test "add on a desktop: a card, what carries the default route, what shares its group, the boot display" {
    machine desktop-two-nvme
    screens add.desktop-two-nvme 'add --dry-run gpu0 01:00.0' 'add --dry-run nic enp5s0' 'add --dry-run disk 04:00.0' \
        'add --dry-run gpu1 07:00.0' 'add --dry-run gpu1 07:00.0 --yes'
}

@test "add on a server: one of four cards, one beside a disk of the array, the disk alone, a bond, what has a rule" {
    machine server-4gpu
    screens add.server-4gpu 'add --dry-run gpu1 e3:00.0' 'add --dry-run both b1:00.0 e3:00.0' 'add --dry-run disk 31:00.0' \
        'add --dry-run nic bond0' 'add --dry-run gpu5 17:00.0'
}

@test "add on a laptop: the second card, the boot display, a port of Thunderbolt, nothing to take over" {
    machine laptop-hybrid
    screens add.laptop-hybrid 'add --dry-run gpu0 01:00.0' 'add --dry-run igpu 00:02.0 --yes' 'add --dry-run usb 00:0d.2' \
        'add --from=running'
}

@test "show on each: what is handed over, and what is not yet" {
    machine desktop-two-nvme
    rule gpu0 '[Match]' Path=0000:00:01.1/00.0
    screens show.desktop-two-nvme 'show gpu0' 'show gpu0 --format=libvirt'
    machine server-4gpu
    screens show.server-4gpu 'show gpu0' 'show gpu2' 'show e3:00.0'
    machine laptop-hybrid
    rule gpu0 '[Match]' Path=0000:00:01.0/00.0
    screens show.laptop-hybrid 'show gpu0' 'show gpu0 --format=qemu'
}
