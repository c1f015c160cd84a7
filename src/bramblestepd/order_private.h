/* order_private.h - the parts of making an order. */
#ifndef BRAMBLE_STEPD_ORDER_PRIVATE_H
#define BRAMBLE_STEPD_ORDER_PRIVATE_H

#include "bramblestepd/order.h"
#include "bramblestepd/task/become.h"
#include "bramblestepd/task/multiprog.h"

/* Where each task's standard streams go. */
int order_streams(struct order *o, const Wire__StepSpec *spec, struct error *err);
/* Which CPUs each task gets. */
int order_bind(struct order *o, const Wire__ShepherdStart *start, struct error *err);

#endif
