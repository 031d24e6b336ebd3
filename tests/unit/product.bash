# shellcheck shell=bash
#
# Runs the programs on the machine in $ROOT (tree.bash) and judges what they print. The programs are those in $BUILD.

bats_require_minimum_version 1.5.0

# bats notes its place before every command, which took two thirds of the time in the verbs. There it need not: a failure names the test's line.
if declare -F bats_debug_trap >/dev/null; then
    # shellcheck disable=SC2016 # it is text here
    eval "$(declare -f bats_debug_trap | sed '2a\    [[ $1 != *.bash ]] || return 0;')"
fi

load alike

BUILD=$(realpath -m "${BUILD:-$BATS_TEST_DIRNAME/../../build}")
# A finding of the sanitizers must not look like one of the documented exit codes.
export ASAN_OPTIONS=${ASAN_OPTIONS-exitcode=99} UBSAN_OPTIONS=${UBSAN_OPTIONS-halt_on_error=1:print_stacktrace=1:exitcode=98}

# Whether the programs carry sanitizers, which need address space and files of their own.
sanitized() {
    grep -qa __asan_init "$BUILD/passthroughctl"
}

# ctl COMMAND [ARG...]: passthroughctl on the tree; sets $status, $output and $stderr. Nothing may take 20 seconds.
ctl() {
    run --separate-stderr timeout 20 "$BUILD/passthroughctl" "$1" --root="$ROOT" "${@:2}"
    keep_document "$@"
}

# keep_document COMMAND...: what it printed with --json, for `documents` to hold against its schema; not of a seam, which has more members.
keep_document() {
    # shellcheck disable=SC2154 # run sets output
    [[ ! ${PRINTED-} || " $* " != *' --json '* || ! $output || ${COPY-} ]] || printf '%s\n%s\n\x1e\n' "${*//$'\n'/ }" "$output" >>"$PRINTED/${BATS_TEST_FILENAME##*/}"
}

# whole FILTER: the output is a document for which that is true. Of no document at all, jq 1.6 says that it is.
whole() {
    [[ $output ]] && jq -e "$1" <<<"$output" >/dev/null || { show && return 1; }
}

# plan: the plan as JSON, which must be one whole document of the promised shape, whatever else is wrong.
plan() {
    ctl plan --json "$@"
    whole '.version == 1 and (.devices, .rules, .operations | type == "array")' || return 1
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
        run --separate-stderr timeout 60 "$BUILD/passthroughctl" plan --root="$dir" --json "$@"
        # shellcheck disable=SC2154 # run sets stderr
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
    jq -r "$1" <<<"$output" | paste -sd' '
}

# --- rules

# rule_is NAME STATE
rule_is() {
    is "$(get ".rules[] | select(.name == \"$1\").state")" "$2" "state of rule $1"
}

# rule_says NAME REGEX: its message.
rule_says() {
    local message
    message=$(get ".rules[] | select(.name == \"$1\").message")
    [[ $message =~ $2 ]] || { printf 'message of rule %s is "%s", expected /%s/\n' "$1" "$message" "$2" && show && return 1; }
}

# no_rule NAME
no_rule() {
    is "$(get ".rules[] | select(.name == \"$1\").name")" '' "rule $1"
}

# --- devices

# device ADDRESS ACTION [DRIVER [STAGE]]
device() {
    is "$(get ".devices[] | select(.address == \"$1\").action")" "$2" "action for $1" || return 1
    (($# < 3)) || is "$(get ".devices[] | select(.address == \"$1\").driver")" "$3" "driver for $1" || return 1
    (($# < 4)) || is "$(get ".devices[] | select(.address == \"$1\").stage")" "$4" "stage for $1"
}

# bound ADDRESS...: exactly these are bound. untouched ADDRESS...: no action binds these, and no operation speaks of them.
bound() {
    is "$(get '[.devices[] | select(.action == "bind").address] | sort[]')" "$(sorted "$@")" 'bound'
}

sorted() {
    (($# == 0)) || printf '%s\n' "$@" | LC_ALL=C sort | paste -sd' '
}

untouched() {
    local address
    for address; do
        is "$(get ".devices[] | select(.address == \"$address\" and .action == \"bind\").address")" '' 'bound' || return 1
        is "$(get ".operations[] | select(.target | contains(\"$address\")) | .target")" '' "operations on $address" || return 1
    done
}

# reason ADDRESS REGEX: why it is refused or kept.
reason() {
    local text
    text=$(get ".devices[] | select(.address == \"$1\").reason")
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
    get '[.devices[] | select(.rule == "probe").address] | sort[]'
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
