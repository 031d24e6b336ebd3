# HACKING.md, TESTING.md and src/README.md: what they name is there.

load product

top=$BATS_TEST_DIRNAME/../..

# A path is told from the top, from src or src/check, or from the tests' own.
@test "each file that HACKING.md, TESTING.md and src/README.md name is there" {
    local page path missing=''
    for page in HACKING.md TESTING.md src/README.md; do
        (($(grep -c '`' "$top/$page") > 10))
        while read -r path; do
            compgen -G "$top/$path" >/dev/null || compgen -G "$top/src/$path" >/dev/null || compgen -G "$top/src/check/$path" >/dev/null ||
                compgen -G "$top/tests/unit/$path" >/dev/null || missing+="$page: $path"$'\n'
        done < <(grep -oE '`[^` ]+`' "$top/$page" | tr -d '`' | grep -E '^[a-z0-9./*-]+$' |
            grep -E '/|[a-z*]\.(c|h|bash|bats|md|dict)$' | grep -v ^build/ | sort -u)
    done
    is "$missing" '' 'what is not there'
}

@test "each link in a document leads to a file" {
    local page target missing=''
    for page in README.md HACKING.md TESTING.md NEWS.md src/README.md tests/lab/README.md; do
        while read -r target; do
            [[ $target == *://* || -e $top/$(dirname "$page")/${target%%#*} ]] || missing+="$page: $target"$'\n'
        done < <(grep -oE '\]\([^)]+\)' "$top/$page" | sed 's/^](//; s/)$//')
    done
    is "$missing" '' 'what is not there'
}

@test "each target of make in HACKING.md is one, and each program of the tests runs" {
    local target
    while read -r target; do
        make -s -C "$top" help | grep -qE "^  make $target( |$)" || { echo "no target $target" && return 1; }
    done < <(sed -nE 's/^    make ([a-z_.-]+).*/\1/p' "$top/HACKING.md")
    while read -r target; do [[ -x $top/$target ]] || { echo "no program $target" && return 1; }; done < <(grep -oE '^    (sudo |[A-Z]+=[a-z/0-9]+ )?tests/[a-z/]+' "$top/HACKING.md" | awk '{ print $NF }')
}

@test "the rooms of src/README.md are those that lint knows, in its order" {
    local rooms
    rooms=$(sed -nE 's/^\| (`[^|]*`) \|.*/\1/p' "$top/src/README.md" | tr -d '`,' | sed 's,bus/NAME,bus/*,; s,\.\./,,' | paste -sd' ')
    is "$rooms" "$(sed -nE "s/^ORDER='(.*)'$/\1/p" "$top/tests/lint/rooms")" rooms
}

@test "what HACKING.md names of the code is in the code" {
    local word
    for word in ResetMethod RULE_INIT 'struct rule ' match_key check_facts conflict.networkd CHECK_SKIP 'check_row('; do
        grep -qF "${word% }" "$top/HACKING.md" && grep -rqF -- "$word" "$top/src" || { echo "not both: $word" && return 1; }
    done
}

# keys FILE: those of its table, as NAME=.
keys() { sed -nE 's/^ +(MATCH|MACHINE|DEVICE)\("([A-Za-z]+)".*/\2=/p; s/^ +\{\{"[A-Za-z]+", "([A-Za-z0-9]+)".*/\1=/p' "$top/src/config/$1"; }

@test "each key is in the manual, and in what the fuzzer is told" {
    local file page dictionary key
    while read -r file page dictionary; do
        (($(keys "$file" | wc -l) > 5)) || { echo "no table in $file" && return 1; }
        while read -r key; do
            grep -qF -- "$key" "$top/man/$page" || { echo "$page: no $key" && return 1; }
            grep -qF -- "$key" "$top/tests/fuzz/$dictionary" || { echo "$dictionary: no $key" && return 1; }
        done < <(keys "$file")
    done <<<$'keys.c passthrough.d.5 rules.dict\nsettings-keys.c passthrough.conf.5 settings.dict'
}
