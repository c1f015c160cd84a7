#!/bin/bash
# limit: 200
# Every option and variable that Slurm's man pages name works here, with a test that uses it, or is
# refused with a message: testsuite/data/options/table says which.
. "$TESTSUITE/lib/tap.sh"
table=$TESTSUITE/data/options/table
pages=$(for man in "$BRAMBLE_BUILD/man/man1" "$TESTSUITE/../man/man1"; do [ ! -d "$man" ] || echo "$man"; done)

test_case "the table is what the commands and their pages say" '
    "$TESTSUITE/lib/option-table" "$BRAMBLE_ROOT/bin" $pages > "$CLUSTER_DIR/now" && diff -u "$table" "$CLUSTER_DIR/now" ||
        { echo "make it again: testsuite/lib/option-table BINDIR MANDIR... > testsuite/data/options/table"; false; }'
test_case "each option that works names a test that is there" '
    awk -F"\t" "\$4 == \"done\" && (\$5 == \"\") { print; bad = 1 } END { exit bad }" "$table" &&
    awk -F"\t" "\$4 == \"done\" { print \$5 }" "$table" | sort -u | while read -r file; do
        [ -f "$TESTSUITE/$file" ] || { echo "no $file"; exit 1; }
    done'
test_case "each option that is refused has a message" '
    awk -F"\t" "\$4 == \"refused\" && \$5 == \"\" { print; bad = 1 } END { exit bad }" "$table"'
missing=$(awk -F'\t' '$4 == "missing"' "$table" | wc -l)
[ "$missing" -eq 0 ] && test_case "nothing is missing" : || test_skip "nothing is missing" "$missing rows of the table are"
