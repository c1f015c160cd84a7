/* event_log.h - one line in the log for what happens to a job or node. */
#ifndef BRAMBLE_CTLD_EVENT_LOG_H
#define BRAMBLE_CTLD_EVENT_LOG_H

#include "wire/event.pb-c.h"

void event_log(const Wire__Event *ev);
/* The job that an event of a job or step is about, else 0. */
uint32_t event_job(const Wire__Event *ev);

#endif
