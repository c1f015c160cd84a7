# bounds.awk - make the table of bounds from the "max" comments of the schema.
#
# Every string, bytes and repeated field must have one: "// max N" (bytes or members) or "// max N x M"
# (N members of at most M bytes each).  A field without is an error of the build.
function snake(name,    out, i, c) {
    out = ""
    for (i = 1; i <= length(name); i++) {
        c = substr(name, i, 1)
        if (c ~ /[A-Z]/) {
            if (i > 1)
                out = out "_"
            c = tolower(c)
        }
        out = out c
    }
    return out
}
function fail(text) {
    printf "%s:%d: %s\n", FILENAME, FNR, text > "/dev/stderr"
    failed = 1
}
BEGIN {
    split("int32 sint32 uint32 int64 sint64 uint64 fixed32 fixed64 sfixed32 sfixed64 bool float double string bytes", s, " ")
    for (i in s)
        scalar[s[i]] = 1
}
/^message / {
    message = $2
    messages[++num_messages] = message
    fields[message] = 0
    next
}
/^}/ {
    message = ""
    next
}
message != "" && /=[ ]*[0-9]+/ && !/^[ ]*\/\// {
    line = $0
    comment = ""
    if ((at = index(line, "//"))) {
        comment = substr(line, at + 2)
        line = substr(line, 1, at - 1)
    }
    n = split(line, word, " ")
    label = word[1]
    if (label == "optional" || label == "repeated") {
        type = word[2]
        name = word[3]
    } else {
        type = word[1]
        name = word[2]
        label = "optional"
    }
    match(line, /=[ ]*[0-9]+/)
    tag = substr(line, RSTART + 1, RLENGTH - 1) + 0
    count = 1
    len = 0
    bounded = match(comment, /max [0-9]+( x [0-9]+)?/)
    split(substr(comment, RSTART, RLENGTH), max, " ")
    if (label == "repeated") {
        if (!bounded)
            fail("field " message "." name " is repeated and has no bound: add // max N")
        count = max[2]
        if (type == "string" || type == "bytes") {
            if (max[3] != "x")
                fail("field " message "." name " needs // max N x M")
            len = max[4]
        }
    } else if (type == "string" || type == "bytes") {
        if (!bounded)
            fail("field " message "." name " has no bound: add // max N")
        len = max[2]
    }
    delete max
    k = ++fields[message]
    tags[message, k] = tag
    row[message, k] = "{ " tag ", " count + 0 ", " len + 0 ", " (type in scalar ? "NULL" : "&wire_bounds__" snake(type)) " }, /* " name " */"
}
END {
    if (failed)
        exit 1
    print "/* Made from the schema by bounds.awk. */"
    print "#include \"config.h\""
    print "#include \"wire/bounds.h\""
    split("common client agent step shepherd event", s, " ")
    for (i = 1; i <= 6; i++)
        print "#include \"wire/" s[i] ".pb-c.h\""
    print ""
    for (m = 1; m <= num_messages; m++) {
        message = messages[m]
        n = fields[message]
        # in the order of the descriptor: by tag
        for (i = 1; i <= n; i++)
            order[i] = i
        for (i = 2; i <= n; i++)
            for (j = i; j > 1 && tags[message, order[j]] < tags[message, order[j - 1]]; j--) {
                t = order[j]
                order[j] = order[j - 1]
                order[j - 1] = t
            }
        id = snake(message)
        if (n) {
            print "static const struct wire_bound rows__" id "[] = {"
            for (i = 1; i <= n; i++)
                print "    " row[message, order[i]]
            print "};"
        }
        print "const struct wire_bounds wire_bounds__" id " = { &wire__" id "__descriptor, " (n ? "rows__" id : "NULL") ", " n " };"
    }
    print "const struct wire_bounds *const wire_bounds_all[] = {"
    for (m = 1; m <= num_messages; m++)
        print "    &wire_bounds__" snake(messages[m]) ","
    print "};"
    print "const unsigned wire_bounds_count = sizeof wire_bounds_all / sizeof wire_bounds_all[0];"
}
