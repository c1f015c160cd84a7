/* constants.h - numbers that daemons, commands and plugins share; they cross the wire and the journal.
 *
 * State, reason and code names are Slurm's documented ones (squeue(1), JOB STATE CODES and JOB
 * REASON CODES), since users and tools match on them.  Append only.
 */
#ifndef BRAMBLE_CONSTANTS_H
#define BRAMBLE_CONSTANTS_H

#include <stdint.h>

enum job_kind { JOB_KIND_BATCH = 0, JOB_KIND_SALLOC = 1, JOB_KIND_SRUN = 2 };

/* X(enum, long name, compact code): the state a job shows. */
#define JOB_STATES(X)                                                                          \
    X(JOB_PENDING, "PENDING", "PD")                                                            \
    X(JOB_CONFIGURING, "CONFIGURING", "CF")                                                    \
    X(JOB_RUNNING, "RUNNING", "R")                                                             \
    X(JOB_SUSPENDED, "SUSPENDED", "S")                                                         \
    X(JOB_COMPLETING, "COMPLETING", "CG")                                                      \
    X(JOB_COMPLETED, "COMPLETED", "CD")                                                        \
    X(JOB_CANCELLED, "CANCELLED", "CA")                                                        \
    X(JOB_FAILED, "FAILED", "F")                                                               \
    X(JOB_TIMEOUT, "TIMEOUT", "TO")                                                            \
    X(JOB_NODE_FAIL, "NODE_FAIL", "NF")                                                        \
    X(JOB_PREEMPTED, "PREEMPTED", "PR")                                                        \
    X(JOB_BOOT_FAIL, "BOOT_FAIL", "BF")                                                        \
    X(JOB_DEADLINE, "DEADLINE", "DL")                                                          \
    X(JOB_OOM, "OUT_OF_MEMORY", "OOM")                                                         \
    X(JOB_REQUEUED, "REQUEUED", "RQ")                                                          \
    X(JOB_SPECIAL_EXIT, "SPECIAL_EXIT", "SE")                                                  \
    X(JOB_REQUEUE_HOLD, "REQUEUE_HOLD", "RH")                                                  \
    X(JOB_REVOKED, "REVOKED", "RV")                                                            \
    X(JOB_RESIZING, "RESIZING", "RS")                                                          \
    X(JOB_STAGE_OUT, "STAGE_OUT", "SO")                                                        \
    X(JOB_SIGNALING, "SIGNALING", "SI")                                                        \
    X(JOB_STOPPED, "STOPPED", "ST")
enum job_state {
#define X(e, n, c) e,
    JOB_STATES(X)
#undef X
        JOB_STATE_COUNT
};

/* X(enum, name): why a job waits, or why it ended as it did. */
#define JOB_REASONS(X)                                                                         \
    X(REASON_NONE, "None")                                                                     \
    X(REASON_PRIORITY, "Priority")                                                             \
    X(REASON_RESOURCES, "Resources")                                                           \
    X(REASON_DEPENDENCY, "Dependency")                                                         \
    X(REASON_DEPENDENCY_NEVER, "DependencyNeverSatisfied")                                     \
    X(REASON_BEGIN_TIME, "BeginTime")                                                          \
    X(REASON_HELD_USER, "JobHeldUser")                                                         \
    X(REASON_HELD_ADMIN, "JobHeldAdmin")                                                       \
    X(REASON_LAUNCH_FAILED_HELD, "launch failed requeued held")                                \
    X(REASON_PART_DOWN, "PartitionDown")                                                       \
    X(REASON_PART_INACTIVE, "PartitionInactive")                                               \
    X(REASON_PART_NODE_LIMIT, "PartitionNodeLimit")                                            \
    X(REASON_PART_TIME_LIMIT, "PartitionTimeLimit")                                            \
    X(REASON_PART_CONFIG, "PartitionConfig")                                                   \
    X(REASON_NODE_DOWN, "NodeDown")                                                            \
    X(REASON_REQ_NODE_NOT_AVAIL, "ReqNodeNotAvail")                                            \
    X(REASON_BAD_CONSTRAINTS, "BadConstraints")                                                \
    X(REASON_LICENSES, "Licenses")                                                             \
    X(REASON_RESERVATION, "Reservation")                                                       \
    X(REASON_RESERVATION_DELETED, "ReservationDeleted")                                        \
    X(REASON_TIME_LIMIT, "TimeLimit")                                                          \
    X(REASON_NODE_FAIL, "NodeFailure")                                                         \
    X(REASON_NON_ZERO_EXIT, "NonZeroExitCode")                                                 \
    X(REASON_RAISED_SIGNAL, "RaisedSignal:%d")                                                 \
    X(REASON_OOM, "OutOfMemory")                                                               \
    X(REASON_LAUNCH_FAILED, "JobLaunchFailure")                                                \
    X(REASON_PROLOG, "Prolog")                                                                 \
    X(REASON_SYSTEM, "SystemFailure")                                                          \
    X(REASON_DEADLINE, "DeadLine")                                                             \
    X(REASON_SCHED_DEFER, "SchedDefer")                                                        \
    X(REASON_CLEANING, "Cleaning")                                                             \
    X(REASON_INACTIVE_LIMIT, "InactiveLimit")                                                  \
    X(REASON_ARRAY_TASK_LIMIT, "JobArrayTaskLimit")                                            \
    X(REASON_ASSOC_JOB_LIMIT, "AssocMaxJobsLimit")                                             \
    X(REASON_QOS_JOB_LIMIT, "QOSMaxJobsPerUserLimit")
enum job_reason {
#define X(e, n) e,
    JOB_REASONS(X)
#undef X
        REASON_COUNT
};

/* Step ids that are no srun.  Values and texts ("12.batch") are Slurm's. */
#define STEP_BATCH 0xfffffffbu
#define STEP_EXTERN 0xfffffffcu
#define STEP_INTERACTIVE 0xfffffffau
#define STEP_NONE 0xfffffffeu
/* From here to STEP_INTERACTIVE: steps that carry files to the nodes (sbcast).  No list shows them. */
#define STEP_CARRIER 0xffe00000u
#define STEP_IS_CARRIER(id) ((id) >= STEP_CARRIER && (id) < STEP_INTERACTIVE)

#define TASK_NONE 0xfffffffeu /* what Slurm shows as task id of a job that is no array's */

#define TIME_UNLIMITED_MIN UINT32_MAX
#define NICE_OFFSET 0x80000000u

enum job_action {
    JOB_ACTION_CANCEL = 1, /* end: TERM, kill_wait, KILL */
    JOB_ACTION_SIGNAL,
    JOB_ACTION_HOLD,
    JOB_ACTION_UHOLD,
    JOB_ACTION_RELEASE,
    JOB_ACTION_REQUEUE,
    JOB_ACTION_REQUEUE_HOLD,
    JOB_ACTION_SUSPEND,
    JOB_ACTION_RESUME,
    JOB_ACTION_TOP,
    JOB_ACTION_NOTIFY,
};

/* Of what a job's user wants mail: X(enum, name), in the order in which they are shown. */
#define MAIL_EVENTS(X)                                                                         \
    X(MAIL_INVALID_DEPEND, "INVALID_DEPEND")                                                   \
    X(MAIL_BEGIN, "BEGIN")                                                                     \
    X(MAIL_END, "END")                                                                         \
    X(MAIL_FAIL, "FAIL")                                                                       \
    X(MAIL_REQUEUE, "REQUEUE")                                                                 \
    X(MAIL_STAGE_OUT, "STAGE_OUT")                                                             \
    X(MAIL_TIME_LIMIT, "TIME_LIMIT")                                                           \
    X(MAIL_TIME_LIMIT_90, "TIME_LIMIT_90")                                                     \
    X(MAIL_TIME_LIMIT_80, "TIME_LIMIT_80")                                                     \
    X(MAIL_TIME_LIMIT_50, "TIME_LIMIT_50")                                                     \
    X(MAIL_ARRAY_TASKS, "ARRAY_TASKS")
enum mail_event_bit {
#define X(e, n) e##_BIT,
    MAIL_EVENTS(X)
#undef X
        MAIL_EVENT_COUNT
};
enum mail_event {
#define X(e, n) e = 1 << e##_BIT,
    MAIL_EVENTS(X)
#undef X
};
/* What ALL stands for. */
#define MAIL_ALL                                                                               \
    (MAIL_INVALID_DEPEND | MAIL_BEGIN | MAIL_END | MAIL_FAIL | MAIL_REQUEUE | MAIL_STAGE_OUT)

enum notice_kind {
    NOTICE_JOB_ENDED = 1,
    NOTICE_STEP_ENDED,
    NOTICE_JOB_REVOKED,
    NOTICE_TIME_LIMIT,
    NOTICE_NODE_FAIL,
    NOTICE_MESSAGE,
    NOTICE_SUSPENDED,
    NOTICE_STEP_SIGNAL,
    NOTICE_STEP_CANCELLED, /* it is being ended because somebody said so */
};

enum query_table {
    QUERY_JOBS = 1,
    QUERY_STEPS,
    QUERY_NODES,
    QUERY_PARTS,
    QUERY_ACCT,
    QUERY_RESVS,
};

/* What may be said of a node. */
enum node_change {
    NODE_CHANGE_LOST = 1, /* connection reset, agent gone */
    NODE_CHANGE_SILENT,   /* node_timeout passed */
    NODE_CHANGE_DRAIN,
    NODE_CHANGE_RESUME,
    NODE_CHANGE_DOWN,     /* declared by an operator: its attempts are known dead */
    NODE_CHANGE_UNDRAIN_AUTO,
    NODE_CHANGE_FAIL,
};

/* A node's base state and flags, as sinfo composes them: base | flags. */
enum node_base { NODE_UNKNOWN = 0, NODE_DOWN, NODE_IDLE, NODE_MIXED, NODE_ALLOCATED };
#define NODE_FLAG_DRAIN 0x100u
#define NODE_FLAG_NOT_RESPONDING 0x200u
#define NODE_FLAG_COMPLETING 0x400u
#define NODE_FLAG_FAIL 0x800u
#define NODE_FLAG_MAINT 0x1000u
#define NODE_FLAG_RESERVED 0x2000u
#define NODE_FLAG_PLANNED 0x4000u

enum step_state { STEP_PENDING = 0, STEP_RUNNING = 1, STEP_ENDED = 2 };

#endif
