#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# README's session: what the programs print on a made-up desktop, from `list` to `show`.
#
#     REGENERATE=1 tests/unit/run tests/unit/session.bats
#
# writes it into README.md anew, and conf/session.svg, which is the same as a picture: read the difference before you commit it.

load product
load tree
load tree-guard
load readme
load desktop

# typed LINES COMMAND [ENVIRONMENT]: with so much of what it prints there. In place of what no two runs have alike there stands what a desktop has.
typed() {
    on_host "${3-} $2"
    exits 0 >&2 || return 1
    printf '$ %s\n' "$2"
    printf '%s\n' "$output" "$stderr" | perl -CSDA -pe '
        s/\bin \d+(\.\d)? s \([\d.]+ [KM]iB\)/in 31 s (38 MiB)/; s/, \d+(\.\d)? s$/, 2 s/;
        s/ +\d+ ms\b/  4120 ms/; s/ +\d+\.\d+ s\b/  4.1 s/; s/\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/2026-11-29 18:27:05/;
        s/\b(at|Before|of) \d\d:\d\d\b(?![:.])/$1 18:42/; s/ +$//' | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}' |
        awk -v lines="$1" '{ line[NR] = $0 } END { last = NR <= lines ? NR : lines - 1; while (last && line[last] == "") last--
            for (i = 1; i <= last; i++) print line[i]; if (NR > lines) print "[...]" }'
}

# What is wider than the page: a table is cut off, text is broken.
cut_off() { perl -CSDA -pe 's/^(.{100}).{2,}/$1\x{2026}/'; }
broken() { perl -CSDA -pe 'print "$1\n" while length > 111 && s/^(.{20,106}\S) +(?=\S)(.*)/    $2/s'; }

session() {
    desktop
    typed 16 'sudo passthroughctl list' | cut_off
    typed 12 'sudo passthroughctl add gpu0 42:00.0'
    typed 12 'sudo passthroughctl apply' 'SSH_CONNECTION=1'
    typed 1 'sudo reboot'
    boots_next
    typed 99 'sudo passthroughctl confirm' | sed -n '1p; 2s/.*/[...]/p; /The trial is kept/,$p'
    typed 8 'sudo passthroughctl status'
    typed 12 'sudo passthroughctl show gpu0' | sed '/^ .*\\$/,$ { /\\$/!q }'
}

# picture: of a terminal. What is typed stands out.
picture() {
    awk '
        { gsub(/&/, "\\&amp;"); gsub(/</, "\\&lt;"); gsub(/>/, "\\&gt;"); line[NR] = $0; if (length > widest) widest = length }
        END {
            width = int(widest * 7.8) + 40; height = NR * 17 + 36
            printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\">\n", width, height, width, height
            print "<title>A session with passthroughctl</title>"
            print "<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#1d2129\"/>"
            print "<g font-family=\"DejaVu Sans Mono, Liberation Mono, Menlo, Consolas, monospace\" font-size=\"13\" fill=\"#c9d1d9\" xml:space=\"preserve\">"
            for (i = 1; i <= NR; i++) if (line[i] != "")
                printf "<text x=\"20\" y=\"%d\"%s>%s</text>\n", i * 17 + 14, line[i] ~ /^\$ / ? " fill=\"#7ee787\" font-weight=\"bold\"" : line[i] == "[...]" ? " fill=\"#7d8590\"" : "", line[i]
            print "</g>\n</svg>"
        }'
}

@test "README's session and its picture are what the programs print" {
    local now=$BATS_TEST_TMPDIR/README.md text=$BATS_TEST_TMPDIR/session
    set -o pipefail
    session >"$text.wide"
    broken <"$text.wide" >"$text"
    [[ $(grep -c '^\$ ' "$text") == 7 ]]
    TEXT=$text perl -CSDA -ne '
        if (/^<!-- session/) { open my $text, "<", $ENV{TEXT}; print $_, "```console\n", <$text>, "```\n"; $in = 1 }
        $in = 0 if /^<!-- end of session/;
        print if !$in' "$README" >"$now"
    LC_ALL=C.UTF-8 picture <"$text" >"$text.svg"
    if [[ ${REGENERATE-} ]]; then cp "$now" "$README" && cp "$text.svg" "$TOP/conf/session.svg"; fi
    diff -u "$README" "$now"
    diff -u "$TOP/conf/session.svg" "$text.svg"
}
