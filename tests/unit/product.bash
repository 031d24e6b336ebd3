# shellcheck shell=bash
#
# Runs the programs on the machine in $ROOT (tree.bash) and judges what they print. The programs are those in $BUILD.

bats_require_minimum_version 1.5.0

# bats notes its place before every command, which took two thirds of the time in the verbs, and more in long loops. What a test calls need
# not be noted: a failure names the test's line.
if declare -F bats_debug_trap >/dev/null; then
    # shellcheck disable=SC2016 # it is text here
    eval "$(declare -f bats_debug_trap | sed '2a\
        case ${FUNCNAME[1]-} in\
        "${BATS_TEST_NAME-}") ;;\
        setup | teardown | setup_file | teardown_file | source) [[ $1 != *.bash ]] || return 0 ;;\
        *) return 0 ;;\
        esac')"
fi

load alike

BUILD=$(realpath -m "${BUILD:-$BATS_TEST_DIRNAME/../../build}")
# A finding of the sanitizers must not look like one of the documented exit codes. Leaks, which take a third of a short run, are looked for in
# one test of eight, and with LEAKS=1 in each.
ASAN_OPTIONS=${ASAN_OPTIONS-exitcode=99}:detect_leaks=$((${LEAKS-0} || ${BATS_TEST_NUMBER:-0} % 8 == 1))
export ASAN_OPTIONS UBSAN_OPTIONS=${UBSAN_OPTIONS-halt_on_error=1:print_stacktrace=1:exitcode=98}

# Whether the programs carry sanitizers, which need address space and files of their own.
sanitized() {
    grep -qa __asan_init "$BUILD/passthroughctl"
}

# ctl COMMAND [ARG...]: passthroughctl on the tree; sets $status, $output and $stderr. Nothing may take 20 seconds.
ctl() {
    run_program timeout 20 "$BUILD/passthroughctl" "$1" --root="$ROOT" "${@:2}"
    keep_document "$@"
}

# run_program PROGRAM [ARG...]: `run --separate-stderr` for what is no function, without three of its processes.
run_program() {
    local flags=$- file=${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR}/stderr.$BASHPID
    set +eET
    output=$(exec "$@" 2>"$file") && status=0 || status=$?
    # shellcheck disable=SC2034 # read by the tests
    IFS=$'\n' read -d '' -r -a lines <<<"$output"
    # shellcheck disable=SC2034
    read -d '' -r stderr <"$file"
    set "-$flags"
}

# keep_document COMMAND...: what it printed with --json, for `documents` to hold against its schema; not of a seam, which has more members.
keep_document() {
    [[ ! ${PRINTED-} || " $* " != *' --json '* || ! $output || ${COPY-} ]] || printf '%s\n%s\n\x1e\n' "${*//$'\n'/ }" "$output" >>"$PRINTED/${BATS_TEST_FILENAME##*/}"
}

# whole FILTER: the output is a document for which that is true. Of no document at all, jq 1.6 says that it is.
whole() {
    [[ $output ]] && jq -e "$1" <<<"$output" >/dev/null || { show && return 1; }
}

# plan: the plan as JSON, which must be one whole document of the promised shape, whatever else is wrong.
plan() {
    ctl plan --json "$@"
    read_plan
    [[ $SHAPE == plan ]] || { show && return 1; }
    [[ ! ${CAPTURES-} ]] || captured_alike "$@"
}

# captured_alike: what was planned last is what a capture of the tree plans: with --raw to the byte, else but for what was replaced in it.
# With CAPTURES=1 every plan of the unit tests is held against it; tests with a tree that changes while it is read are not.
captured_alike() {
    local dir=$BATS_TEST_TMPDIR/captured.$RANDOM$RANDOM option
    local -a then=("$status" "$output" "$stderr")
    for option in --raw ''; do
        rm -rf "$dir"
        timeout 60 "$BUILD/passthroughctl" --root="$ROOT" capture ${option:+"$option"} "$dir" >/dev/null 2>"$dir.messages" ||
            { cat "$dir.messages" && return 1; }
        run_program timeout 60 "$BUILD/passthroughctl" plan --root="$dir" --json "$@"
        if ! alike "$option" "${then[0]}"$'\n'"${then[1]}"$'\n'"${then[2]}" "$status"$'\n'"$output"$'\n'"$stderr"; then
            printf 'the capture %s plans otherwise: %s\n' "$option" "$dir"
            return 1
        fi
    done
    rm -rf "$dir" "$dir.messages"
    status=${then[0]} output=${then[1]} stderr=${then[2]}
}

show() {
    printf 'exit %s\n--- stdout\n%s\n--- stderr\n%s\n' "$status" "$output" "$stderr"
}

# is ACTUAL EXPECTED WHAT
is() {
    [[ $1 == "$2" ]] || { printf '%s: "%s", expected "%s"\n' "$3" "$1" "$2" && show && return 1; }
}

exits() {
    is "$status" "$1" 'exit code'
}

# has TEXT...: each is in the output or on standard error. says REGEX: some line of either matches.
has() {
    local text
    for text; do
        [[ $output$'\n'$stderr == *"$text"* ]] || { printf 'nowhere: %s\n' "$text" && show && return 1; }
    done
}

has_not() {
    local text
    for text; do
        [[ $output$'\n'$stderr != *"$text"* ]] || { printf 'found: %s\n' "$text" && show && return 1; }
    done
}

says() {
    grep -qE -- "$1" <<<"$output"$'\n'"$stderr" || { printf 'no line matches: %s\n' "$1" && show && return 1; }
}

# get FILTER: what jq makes of the output, one line, blank-separated.
get() {
    local IFS=' '
    local -a found
    mapfile -t found < <(exec jq -r "$1" <<<"$output")
    echo "${found[*]}"
}

# read_plan: what the words below ask of the output, read at once for all of them, since jq takes 30 ms to begin. SHAPE is "plan" if the
# output is one document of that shape. FOUND has "device ADDRESS MEMBER" and "rule NAME MEMBER", OPERATIONS the targets, BOUND
# the addresses that are bound, PROBED those that rule probe decides; a device may have no address.
SHAPE=
PLAN_READ=
OPERATIONS=()
BOUND=()
PROBED=()
declare -gA FOUND=()
read_plan() {
    [[ ! $SHAPE || $output != "$PLAN_READ" ]] || return 0
    local rows whole=1 kind a b c d e
    PLAN_READ=$output SHAPE=none OPERATIONS=() BOUND=() PROBED=() FOUND=()
    rows=$(plan_rows) || whole=
    while IFS=$'\x1f' read -r kind a b c d e; do
        case $kind in
        shape)
            [[ $SHAPE == none ]] || a=several
            SHAPE=$a
            ;;
        device)
            found "device $a action" "$b" && found "device $a driver" "$c" && found "device $a stage" "$d" && found "device $a reason" "$e"
            [[ $b != bind ]] || BOUND+=("$a")
            ;;
        of) [[ $a != probe ]] || PROBED+=("$b") ;;
        rule) found "rule $a name" "$a" && found "rule $a state" "$b" && found "rule $a message" "$c" ;;
        operation) OPERATIONS+=("$a") ;;
        esac
    done <<<"$rows"
    [[ $whole ]] || SHAPE=none
}

plan_rows() {
    exec jq -r '
        def rows(kind): if type == "array" then .[] | select(type == "object") | kind else empty end;
        def text: if type == "string" then split("\n") | join(" ") else tojson end;
        select(type == "object") | (
            ["shape", if .version == 1 and all(.devices, .rules, .operations; type == "array") then "plan" else "other" end],
            (.devices | rows(["device", .address, .action, .driver, .stage, .reason], ["of", .rule, .address])),
            (.rules | rows(["rule", .name, .state, .message])),
            (.operations | rows(["operation", .target]))
        ) | map(text) | join("\u001f")' <<<"$output"
}

found() {
    FOUND[$1]+=${FOUND[$1]+ }$2
}

# --- rules

# rule_is NAME STATE
rule_is() {
    read_plan
    is "${FOUND[rule $1 state]-}" "$2" "state of rule $1"
}

# rule_says NAME REGEX: its message.
rule_says() {
    read_plan
    local message=${FOUND[rule $1 message]-}
    [[ $message =~ $2 ]] || { printf 'message of rule %s is "%s", expected /%s/\n' "$1" "$message" "$2" && show && return 1; }
}

# no_rule NAME
no_rule() {
    read_plan
    is "${FOUND[rule $1 name]-}" '' "rule $1"
}

# --- devices

# device ADDRESS ACTION [DRIVER [STAGE]]
device() {
    read_plan
    is "${FOUND[device $1 action]-}" "$2" "action for $1" || return 1
    (($# < 3)) || is "${FOUND[device $1 driver]-}" "$3" "driver for $1" || return 1
    (($# < 4)) || is "${FOUND[device $1 stage]-}" "$4" "stage for $1"
}

# bound ADDRESS...: exactly these are bound. untouched ADDRESS...: no action binds these, and no operation speaks of them.
bound() {
    read_plan
    is "$(sorted "${BOUND[@]}")" "$(sorted "$@")" 'bound'
}

# sorted WORD...: in the order of their bytes.
sorted() {
    local LC_ALL=C word
    local -a before=() after=()
    for word; do
        after=()
        while ((${#before[@]})) && [[ ${before[-1]} > $word ]]; do
            after=("${before[-1]}" "${after[@]}")
            unset 'before[-1]'
        done
        before+=("$word" "${after[@]}")
    done
    echo "${before[*]}"
}

untouched() {
    local address target
    read_plan
    for address; do
        [[ " ${BOUND[*]} " != *" $address "* ]] || { printf '%s is bound\n' "$address" && show && return 1; }
        for target in "${OPERATIONS[@]}"; do
            [[ $target != *"$address"* ]] || { printf 'operation on %s: %s\n' "$address" "$target" && show && return 1; }
        done
    done
}

# reason ADDRESS REGEX: why it is refused or kept.
reason() {
    read_plan
    local text=${FOUND[device $1 reason]-}
    [[ $text =~ $2 ]] || { printf 'reason for %s is "%s", expected /%s/\n' "$1" "$text" "$2" && show && return 1; }
}

# refused ADDRESS REGEX: it is, for that reason, and nothing is done to it.
refused() {
    device "$1" refuse && reason "$1" "$2" && untouched "$1"
}

# operations [TARGET REGEX]: "target=value" of each, in order.
operations() {
    get ".operations[] | select(.target | test(\"${1-.}\")) | \"\(.target)=\(.value)\""
}

# --- [Match] alone

# matches LINE...: the addresses that a rule with these [Match] lines decides, and nothing else about it matters.
matches() {
    rule probe '[Match]' "$@" '[Device]' Driver=native Functions=match Expect=0-
    plan
    exits 0 || return 1
    sorted "${PROBED[@]}"
}

# matched EXPECTED LINE...
matched() {
    local found
    found=$(matches "${@:2}") || { echo "$found" && return 1; }
    [[ $found == "$1" ]] || { printf '%s\nmatched "%s", expected "%s"\n' "${*:2}" "$found" "$1" && return 1; }
}

# image_built: what dracut does on the machine; what the image carries is below $IMAGE, and the host has its own copy.
image_built() {
    IMAGE=$BATS_TEST_TMPDIR/image
    mkdir -p "$IMAGE"
    ctl image "$IMAGE"
    exits 0
}
