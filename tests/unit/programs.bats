# What every program owes: --help, --version, usage errors with exit 2, no colour into a pipe.

load product
load tree

programs=(passthroughctl passthrough-generator passthrough-bind)

@test "--help names the program and goes to standard output, exit 0" {
    local program
    for program in "${programs[@]}"; do
        run --separate-stderr "$BUILD/$program" --help
        exits 0
        [[ $output == *"$program"* && $output == *--root* && -z $stderr ]] || { show && return 1; }
    done
}

@test "--version is one line: name and version, the same of each" {
    local program version=''
    for program in "${programs[@]}"; do
        run --separate-stderr "$BUILD/$program" --version
        exits 0
        is "${#lines[@]}" 1 'lines'
        [[ $output =~ ^$program\ [0-9] ]] || { show && return 1; }
        [[ -z $version || ${output#* } == "$version" ]] || { show && return 1; }
        version=${output#* }
    done
}

@test "an unknown option is a usage error that names it" {
    local program
    for program in "${programs[@]}"; do
        run --separate-stderr "$BUILD/$program" --no-such-option
        exits 2
        [[ $stderr == *no-such-option* && -z $output ]] || { show && return 1; }
    done
}

@test "passthroughctl with an unknown command is a usage error that names it, and one that is near" {
    run --separate-stderr "$BUILD/passthroughctl" plann
    exits 2
    [[ $stderr == *plann*'"plan"'* ]] || { show && return 1; }
}

@test "a command's surplus argument, or an option that belongs to another, is a usage error" {
    tree_new bare
    ctl plan surplus
    exits 2
    ctl plan --boot=-1
    exits 2
    ctl plan --json=yes
    exits 2
}

@test "no colour and no escape sequence goes into a pipe" {
    tree_new
    card 0000:00:02.0 01 1
    rule gpu0 '[Match]' Address=01:00.0
    local command
    for command in plan list status; do
        ctl $command
        [[ $output$stderr != *$'\e'* ]] || { show && return 1; }
    done
}

@test "on a terminal NO_COLOR and SYSTEMD_COLORS=0 turn colour off" {
    command -v script >/dev/null || skip 'no script(1)'
    tree_new
    card 0000:00:02.0 01 1
    rule gpu0 '[Match]' Address=01:00.0
    local setting
    for setting in NO_COLOR=1 SYSTEMD_COLORS=0; do
        run env $setting TERM=xterm script -qec "$BUILD/passthroughctl plan --root=$ROOT" /dev/null
        [[ $output != *$'\e['*m* ]] || { echo "with $setting" && show && return 1; }
    done
}

@test "a full disk or a closed pipe behind the output is an error, not a success" {
    [[ -e /dev/full ]] || skip 'no /dev/full'
    tree_new
    card 0000:00:02.0 01 1
    rule gpu0 '[Match]' Address=01:00.0
    local command
    for command in 'plan --json' plan 'list --json' --help; do
        # shellcheck disable=SC2086
        run -1 sh -c "\"\$1\" $command --root=\"\$2\" >/dev/full 2>&1" sh "$BUILD/passthroughctl" "$ROOT"
    done
}

@test "run without privileges, plan reads what it may and does not crash" {
    ((EUID == 0)) && command -v setpriv >/dev/null || skip 'needs root to give it up'
    tree_new
    card 0000:00:02.0 01 1 serial=3c-ec-ef-ff-ff-12-34-56
    rule gpu0 '[Match]' Serial=3c-ec-ef-ff-ff-12-34-56
    chmod 0600 "$(pci_file 0000:01:00.0 config)"
    chmod -R go+rX "$BATS_RUN_TMPDIR" 2>/dev/null
    chmod 0600 "$(pci_file 0000:01:00.0 config)"
    run --separate-stderr setpriv --reuid=65534 --regid=65534 --clear-groups "$BUILD/passthroughctl" plan --root="$ROOT" --json
    [[ $status != 126 && $status != 127 ]] || skip 'the programs are out of reach for others'
    [[ -n $output ]] || skip 'the tree is out of reach for others'
    exits 1
    rule_is gpu0 missing
}

@test "make compile_commands.json has each source once, with a command that compiles it" {
    local top dir=$BATS_TEST_TMPDIR/top
    top=$(realpath "$BATS_TEST_DIRNAME/../..")
    mkdir -p "$dir/build/obj/src/base"
    ln -s "$top"/{Makefile,src,generator} "$dir"
    run --separate-stderr env -u MAKEFLAGS BUILD=build make -C "$dir" --no-print-directory compile_commands.json
    exits 0
    is "$output$stderr" '' 'what make says'
    output=$(<"$dir/compile_commands.json")
    is "$(jq -r '.[].file' <<<"$output" | LC_ALL=C sort)" "$(cd "$top" && find src generator -name '*.c' | LC_ALL=C sort)" sources
    run --separate-stderr bash -c "cd '$dir' && $(get '.[] | select(.file == "src/base/str.c").command')"
    exits 0
    [[ -s $dir/build/obj/src/base/str.o ]]
}
