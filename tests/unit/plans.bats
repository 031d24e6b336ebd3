# A directory of plans/ is a case: `machine` has the verbs that build it and says what the case shows, `etc` its rules, `plan` what
# passthroughctl plan makes of them, and `stderr` what is said there, if anything.
#
#     REGENERATE=1 tests/unit/run tests/unit/plans.bats
#
# writes `plan` and `stderr` anew: read the difference before you commit it. Machines that several cases have are in machines/.

load product
load tree
load tree-guard
load tree-pages

# The plan in lines. A field that none of them has a place for is shown as it is.
plan_lines() {
    jq -r 'def rest: to_entries | map(" \(.key)=\(.value)") | join("");
        def text: if . == "" or . == null then "" else ": \(.)" end;
        (.rules[] | "rule \(.name): \(.state)\(.message | text)\(del(.name, .file, .state, .message) | rest)"),
        def op: "\(.op) \(.target)\(if .value == "" or .value == null then "" else " = \(.value | gsub("\n"; "\\n"))" end) # \(.why)\(del(.stage, .op, .target, .value, .why) | rest)";
        (.devices[] | "device \(.address): \(.action)\(if (.driver // "") != "" then " \(.driver)" else "" end)\(if .stage then " \(.stage)" else "" end)\(.reason | text)\n" +
            "    \(.bus) \(.id), class \(.class), group \(.group // "-"), rule \(.rule)\(del(.bus, .address, .id, .class, .group, .rule, .action, .driver, .stage, .reason, .back) | rest)",
            (.back[] | "    back \(op)")),
        (.operations[] | "\(.stage) \(op)"),
        (.hugepages.pools[]? | "pages\(rest)"),
        (.shadowed[]? | "shadowed\(rest)"),
        (del(.version, .rules, .devices, .operations, .hugepages, .shadowed) | rest | select(. != ""))'
}

@test "each plan is what its directory has" {
    local plans=$BATS_TEST_DIRNAME/plans now=$BATS_TEST_TMPDIR/plans case
    cp -r "$plans" "$now"
    for case in "$now"/*/; do
        tree_new
        # shellcheck disable=SC1091 # one of plans/
        . "$case/machine"
        cp -r "$case/etc" "$ROOT/"
        plan && { [[ ${CAPTURES-} ]] || captured_alike; } || { echo "in $case" && return 1; }
        { echo "exit $status" && plan_lines <<<"$output"; } >"$case/plan"
        rm -f "$case/stderr"
        [[ -z $stderr ]] || printf '%s\n' "$stderr" >"$case/stderr"
    done
    if [[ ${REGENERATE-} ]]; then cp -r "$now" "$BATS_TEST_DIRNAME"; fi
    diff -ru "$plans" "$now"
}
