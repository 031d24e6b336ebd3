# passthroughctl check, for people: what is well in one line, a row for what is not, as wide as their screen is and in the letters that it
# has. What the screens are like is in screens/; UPDATE_SCREENS=1 writes what they are now.

load product
load tree
load tree-users
load tree-guard

MADE=(desktop-two-nvme server-4gpu laptop-hybrid)

# at COLUMNS [OPTION...]: check on a terminal of that width, in UTF-8 and without colour unless the environment says otherwise.
at() {
    command -v script >/dev/null || skip 'no script(1)'
    run env TERM=xterm LC_ALL="${LC_ALL-C.UTF-8}" NO_COLOR="${NO_COLOR-1}" \
        script -qec "stty cols $1; exec $BUILD/passthroughctl check --root=$ROOT ${*:2}" /dev/null
    output=${output//$'\r'/} stderr=''
}

# is_screen NAME: the output is what screens/NAME has.
is_screen() {
    local file=$BATS_TEST_DIRNAME/screens/$1
    if [[ ${UPDATE_SCREENS-} ]]; then printf '%s\n' "$output" >"$file"; fi
    diff -u "$file" - <<<"$output"
}

# wanting: the machine, with what check has something to say about: rules whose devices have no reset of their own, a parameter that does
# nothing, images by dracut that are older than the rules.
wanting() {
    machine "$1"
    image_there
    menu_there
    touch -d '-1 hour' "$ROOT/boot/initrd.img-$KERNEL"
    cmdline amd_iommu=on
    case $1 in
    desktop-two-nvme) rule gpu0 '[Match]' Address=01:00.0 ;;
    server-4gpu) rule gpu1 '[Match]' ID=10de:2235 '[Device]' Expect=0- ;;
    laptop-hybrid) rule gpu0 '[Match]' Address=00:02.0 && rule gpu1 '[Match]' Address=01:00.0 ;;
    esac
    # Of several that are as new, the last is named.
    touch -d '-1 minute' "$ROOT/etc/passthrough.d" "$ROOT"/etc/passthrough.d/*
    find "$ROOT/sys/devices" -name reset_method -delete
}

# fits COLUMNS: no line is wider.
fits() {
    local widest
    widest=$(LC_ALL=C.UTF-8 wc -L <<<"$output")
    ((widest <= $1)) || { echo "a line has $widest columns of $1" && show && return 1; }
}

words_of() {
    LC_ALL=C tr -s ' \n' '\n\n' <<<"$1" | LC_ALL=C sort -u
}

@test "check: three machines on a terminal of 80 and of 200 columns, in a pipe, in colour and in ASCII" {
    local m
    for m in "${MADE[@]}"; do
        wanting "$m"
        LC_ALL=C.UTF-8 at 80
        is_screen "check.$m.80"
        LC_ALL=C.UTF-8 at 200
        is_screen "check.$m.200"
        NO_COLOR='' LC_ALL=C.UTF-8 at 80
        is_screen "check.$m.colour"
        LC_ALL=C at 80
        is_screen "check.$m.ascii"
        LC_ALL=C.UTF-8 ctl check
        is "$stderr" '' 'standard error'
        is_screen "check.$m.pipe"
    done
}

@test "check: no line is longer than the screen is wide, and no word is broken" {
    local m columns pipe option
    for m in "${MADE[@]}"; do
        wanting "$m"
        for option in '' --all; do
            # shellcheck disable=SC2086 # none or one
            LC_ALL=C.UTF-8 ctl check $option
            pipe=$(words_of "$output")
            for columns in 72 80 120; do
                LC_ALL=C.UTF-8 at $columns $option
                fits $columns || { echo "$m" && return 1; }
                is "$(LC_ALL=C comm -13 <(echo "$pipe") <(words_of "$output"))" '' "words that no pipe has, $m at $columns"
            done
            LC_ALL=C at 80 $option
            ! LC_ALL=C grep -n '[^ -~]' <<<"$output" || { echo "$m" && return 1; }
        done
    done
}

@test "check: what is well is one line, and --all has a row for it; each row of the document is one" {
    machine server-4gpu
    ctl check --json
    local rows ids
    rows=$(get '.checks | length') ids=$(get '.checks[] | "\(.status) \(.id)"' | tr ' ' '\n' | paste -d' ' - - | sed 's/0000://' | LC_ALL=C sort)
    ctl check --all
    is "$(grep -cE '^  (pass|warn|fail|skip|unknown) ' <<<"$output")" "$rows" rows
    is "$(sed -nE 's/^  (pass|warn|fail|skip|unknown) +([^ ]+)  .*/\1 \2/p' <<<"$output" | sed 's/^unknown/skip/' | LC_ALL=C sort)" "$ids" ids
    says '^  [0-9]+ failed, [0-9]+ warnings?(, [0-9]+ unknown)?\.$'
    ctl check
    is "$(grep -c '^  ok ' <<<"$output")" 1 'lines that sum up'
    ! grep -qE '^  (pass|skip) ' <<<"$output" || { show && return 1; }
    says ' All rows: check --all$'
    says '^  Next: passthroughctl '
}

@test "check: devices of which the same is to be said share a row, and only those" {
    wanting server-4gpu
    ctl check
    says '^  warn +device\.17:00\.0 and 3 more  no reset of its own'
    is "$(grep -c 'no reset of its own' <<<"$output")" 1 'rows'
    has_not 0000:
    # One of them has one.
    : >"$(pci_file 0000:ca:00.0 reset)"
    ctl check
    says '^  warn +device\.17:00\.0 and 2 more  '
    # Another has something else to say: it has a row of its own.
    rule gpu1 '[Match]' ID=10de:2235 '[Device]' Expect=0-
    rule gpu0 '[Match]' ID=10de:2235 Path=16:01.0/00.0 '[Device]' Owner=nobody-here
    put /etc/passwd 'root:x:0:0:root:/root:/bin/bash'
    ctl check
    says '^  warn +device\.17:00\.0  no reset of its own .*; Owner=nobody-here'
    says '^  warn +device\.98:00\.0 and 1 more  no reset of its own'
    ctl check --json
    is "$(get '[.checks[] | select(.id | startswith("device."))] | length')" 4 'rows of the document'
}

@test "check: an area is summed up only where nothing of it fails; rules and devices are counted" {
    machine server-4gpu
    ctl check
    says '^  ok .* 2 rules, .*, 2 devices  \([0-9]+ checks\)$'
    module vfio absent
    rule disk '[Match]' Address=31:00.0
    ctl check
    exits 1
    says '^  ok .* 2 rules, '
    has_not 'kernel modules,'
    says '^  fail +module\.vfio '
    says '^  fail +guard\.disk +31:00\.0: the host needs it: '
}
