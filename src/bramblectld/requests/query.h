/* query.h - tables in slices, so that a hundred thousand rows hold nobody up. */
#ifndef BRAMBLE_CTLD_QUERY_H
#define BRAMBLE_CTLD_QUERY_H

struct session;

/* The session's send queue has room again, or the session is gone. */
void query_resume(struct session *s);

#endif
