# assemble.awk - put the text that pages share in its places: lines "@include NAME@" are replaced by
# man/common/NAME.  Use: awk -v common=DIR -f assemble.awk page.in > page
/^@include [a-z-]+\.man@$/ {
    name = common "/" substr($2, 1, length($2) - 1)
    while ((got = (getline line < name)) > 0)
        print line
    if (got < 0) {
        print FILENAME ": cannot read " name > "/dev/stderr"
        exit 1
    }
    close(name)
    next
}
{ print }
