/* sdiag_private.h - what sdiag's files share. */
#ifndef BRAMBLE_COMMANDS_SDIAG_PRIVATE_H
#define BRAMBLE_COMMANDS_SDIAG_PRIVATE_H

#include "commands/sdiag/sdiag.h"
#include "wire/client.pb-c.h"

struct sdiag {
    struct console *con;
    const char *clusters;
    bool reset;
    int sort; /* 0: by count; else the option's letter */
    enum doc_format doc;
};

/* Requests of one type or of one user. */
struct sdiag_line {
    char name[128];
    unsigned id;
    uint64_t count, usec, mean;
};
/* In the order that was asked for; the caller frees. */
struct sdiag_line *sdiag_lines(const struct sdiag *s, Wire__DiagRpc *const *rpcs, size_t num);
/* The reply as a document; the exit code. */
int sdiag_document(const struct sdiag *s, const Wire__DiagReply *r);

#endif
