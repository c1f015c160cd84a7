# bounds_h.awk - declare what bounds.awk defines.
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
BEGIN {
    print "/* Made from the schema by bounds_h.awk: how long each field of each message may be. */"
    print "#ifndef BRAMBLE_WIRE_BOUNDS_H"
    print "#define BRAMBLE_WIRE_BOUNDS_H"
    print "#include <protobuf-c/protobuf-c.h>"
    print "#include <stdint.h>"
    print "struct wire_bounds;"
    print "struct wire_bound {"
    print "    uint32_t tag, max_count; /* members; 1 for a field that is not repeated */"
    print "    uint32_t max_len;        /* bytes of a string or of bytes */"
    print "    const struct wire_bounds *sub;"
    print "};"
    print "struct wire_bounds {"
    print "    const ProtobufCMessageDescriptor *schema;"
    print "    const struct wire_bound *rows; /* in the order of schema->fields */"
    print "    unsigned num_rows;"
    print "};"
    print "extern const struct wire_bounds *const wire_bounds_all[];"
    print "extern const unsigned wire_bounds_count;"
}
/^message / {
    print "extern const struct wire_bounds wire_bounds__" snake($2) ";"
}
END {
    print "#endif"
}
