# The bare command, and help, for people: what they are like is in screens/; UPDATE_SCREENS=1 writes what they are now.

load product
load tree
load tree-users
load tree-guard

# at COLUMNS [WORD...]: on a terminal of that width.
at() {
    command -v script >/dev/null || skip 'no script(1)'
    run env TERM=xterm LC_ALL="${LC_ALL-C.UTF-8}" NO_COLOR=1 \
        script -qec "stty cols $1; exec $BUILD/passthroughctl ${*:2}" /dev/null
    output=${output//$'\r'/} stderr=''
}

is_screen() {
    local file=$BATS_TEST_DIRNAME/screens/$1
    if [[ ${UPDATE_SCREENS-} ]]; then printf '%s\n' "$output" >"$file"; fi
    diff -u "$file" - <<<"$output"
}

# fits COLUMNS: no line is wider, and none has a letter that a terminal without UTF-8 lacks.
fits() {
    ! LC_ALL=C grep -nE ".{$(($1 + 1))}|[^ -~]" <<<"$output" || { show && return 1; }
}

@test "the bare command on three machines: the state of this host, five commands and the next step" {
    local m
    for m in desktop-two-nvme server-4gpu laptop-hybrid; do
        machine "$m"
        at 80 --root="$ROOT"
        is_screen "bare.$m.80"
        fits 80
        LC_ALL=C at 80 --root="$ROOT"
        is_screen "bare.$m.80"
        at 60 --root="$ROOT"
        fits 60
    done
}

@test "help, and help of a command: as wide as the terminal, and no wider than a page" {
    local command all
    tree_new bare
    at 80 help
    is_screen help.80
    all=$output
    at 200 help
    is "$output" "$all" 'on a wide terminal'
    ctl help
    is "$output" "$all" 'in a pipe'
    at 80 help apply
    is_screen help.apply.80
    for command in $(sed -n 's/^  \([a-z]*\)  .*/\1/p' <<<"$all"); do
        at 80 help "$command"
        fits 80 || return 1
        has 'Options:' 'Example:' 'Exit status:'
    done
}
