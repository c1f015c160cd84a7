/* test_show.c - squeue, sinfo and sacct from the command line to the last blank of their output. */
#include "config.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands/sacct/sacct.h"
#include "commands/sdiag/sdiag.h"
#include "commands/sacctmgr/sacctmgr.h"
#include "commands/sinfo/sinfo.h"
#include "commands/sprio/sprio.h"
#include "commands/sshare/sshare.h"
#include "commands/sstat/sstat.h"
#include "commands/squeue/squeue.h"
#include "fake.h"
#include "suite.h"

/* ---- squeue ---- */

START_TEST(squeue_sorts_by_partition_state_and_priority)
{
    ck_output(squeue_run, "squeue",
              "             JOBID PARTITION     NAME     USER ST       TIME  NODES NODELIST(REASON)\n"
              "                 4       all big_big_     root PD       0:00      5 (Resources)\n"
              "                 3       all     held     root PD       0:00      1 (JobHeldUser)\n"
              "                 1       all     run1     root  R       0:04      1 pi1\n"
              "                 2       all     run2      ann  R 1-01:00:00      2 pi[2-3]\n"
              "                 5   all,pi4     next      ann PD       0:00      5 (Priority)\n");
}
END_TEST

START_TEST(squeue_long_has_the_date_and_never_cuts_a_limit)
{
    ck_output(squeue_run, "squeue -l -t R",
              "Sat Nov 21 06:36:40 2026\n"
              "             JOBID PARTITION     NAME     USER    STATE       TIME TIME_LIMI  NODES NODELIST(REASON)\n"
              "                 1       all     run1     root  RUNNING       0:04      5:00      1 pi1\n"
              "                 2       all     run2      ann  RUNNING 1-01:00:00 365-00:00:00      2 pi[2-3]\n");
}
END_TEST

START_TEST(squeue_shows_ended_jobs_only_when_asked)
{
    ck_output(squeue_run, "squeue -t all -h -S i -o '%i %t %R'",
              "1 R pi1\n2 R pi[2-3]\n3 PD (JobHeldUser)\n4 PD (Resources)\n5 PD (Priority)\n6 CD pi4\n"
              "7 F (NonZeroExitCode)\n8 CA \n");
    ck_output(squeue_run, "squeue -t CD,f -h -S i -o '%i|%T'", "6|COMPLETED\n7|FAILED\n");
}
END_TEST

START_TEST(squeue_start_lists_pending_jobs_by_their_start)
{
    ck_output(squeue_run, "squeue --start",
              "             JOBID PARTITION     NAME     USER ST          START_TIME  NODES SCHEDNODES           NODELIST(REASON)\n"
              "                 4       all big_big_     root PD 2026-11-22T06:36:40      5 (null)               (Resources)\n"
              "                 5   all,pi4     next      ann PD 2026-11-22T07:36:40      5 (null)               (Priority)\n"
              "                 3       all     held     root PD                 N/A      1 (null)               (JobHeldUser)\n");
}
END_TEST

START_TEST(squeue_lists_steps_in_order)
{
    ck_output(squeue_run, "squeue -s",
              "         STEPID     NAME PARTITION     USER      TIME NODELIST\n"
              "            1.0    sleep       all     root   1:01:01 pi1\n"
              "        1.batch    batch       all     root   1:01:01 pi1\n"
              "            2.9     ring       all     root   1:01:01 pi[2-3]\n"
              "           2.10     ring       all     root   1:01:01 pi[2-3]\n");
    ck_output(squeue_run, "squeue -s1.batch,2.9 -h -o %i", "1.batch\n2.9\n");
    ck_output(squeue_run, "squeue -h -s 1.0 -o %all",
              "(null)|1.0|sleep|UNLIMITED|root|2|1:01:01|pi1|all|N/A|0|\n");
    ck_output(squeue_run, "squeue -h -o %i -s 2.9", "2.9\n");
}
END_TEST

START_TEST(squeue_filters_by_run_time_license_and_owner)
{
    ck_output(squeue_run, "squeue -h -o %i -S i --running-over=1:00:00", "2\n");
    ck_output(squeue_run, "squeue -h -o %i -S i --running-under=10", "1\n");
    ck_output(squeue_run, "squeue -h -o %i -S i -L comsol,other", "5\n");
    ck_output(squeue_run, "squeue -h -o %i -S i -L matlab", "");
    if (getuid() == 0)
        ck_output(squeue_run, "squeue -h -o %i -S i --notme", "2\n5\n");
}
END_TEST

START_TEST(squeue_priority_has_a_line_for_each_partition)
{
    ck_output(squeue_run, "squeue -h -P -S i,P -o '%i %P' -u 1000", "2 all\n5 all\n5 pi4\n");
    ck_output(squeue_run, "squeue -h -P -p pi4 -o '%i %P' -u 1000", "5 pi4\n");
}
END_TEST

START_TEST(squeue_only_job_state_knows_ids_and_states)
{
    ck_output(squeue_run, "squeue --only-job-state -t R",
              "             JOBID     STATE\n                 1   RUNNING\n                 2   RUNNING\n");
    ck_output(squeue_run, "squeue --only-job-state -h -j 1 -o %T", "RUNNING\n");
    ck_output(squeue_run, "squeue --only-job-state -h -j 99 -o %T", "");
    ck_refused(squeue_run, "squeue --only-job-state -o '%i %j'",
               "squeue: error: --only-job-state: Name is neither an id nor a state: leave the field or the option "
               "out\n");
}
END_TEST

START_TEST(squeue_leaves_patterns_of_paths_alone_unless_told)
{
    ck_output(squeue_run, "squeue -h -j 1 -O STDOUT:", "/home/ann/out-%j\n");
    ck_output(squeue_run, "squeue -h -j 1 --expand-patterns -O STDOUT:", "/home/ann/out-1\n");
    ck_output(squeue_run, "squeue -h -j 2 -O STDOUT:", "/home/ann/out-2\n");
}
END_TEST

START_TEST(other_clusters_are_refused_and_the_own_one_is_named)
{
    ck_output(squeue_run, "squeue -M mycluster -t CG", "CLUSTER: mycluster\n"
              "             JOBID PARTITION     NAME     USER ST       TIME  NODES NODELIST(REASON)\n");
    ck_output(squeue_run, "squeue -h -M all -t CG", "");
    ck_refused(squeue_run, "squeue -M other",
               "squeue: error: No cluster 'other' known by database.\n"
               "squeue: error: 'other' can't be reached now, or it is an invalid entry for --cluster.  Use 'sacctmgr "
               "list clusters' to see available clusters.  There is one here, mycluster\n");
    ck_refused(sacct_run, "sacct -M mycluster,other -j 1",
               "sacct: error: No cluster 'mycluster,other' known by database.\n"
               "sacct: error: 'mycluster,other' can't be reached now, or it is an invalid entry for --cluster.  Use "
               "'sacctmgr list clusters' to see available clusters.  There is one here, mycluster\n");
}
END_TEST

START_TEST(sdiag_prints_slurms_layout)
{
    struct run run = run_command(sdiag_run, "sdiag", fake_source());

    ck_assert_int_eq(run.rc, 0);
    ck_assert_ptr_nonnull(strstr(run.out, "*\nsdiag output at Sat Nov 21 06:36:40 2026 (1795243000)\nData since      "
                                          "Sat Nov 21 06:26:40 2026 (1795242400)\n*"));
    ck_assert_ptr_nonnull(strstr(run.out, "\nJobs submitted: 7\nJobs started:   0\n"));
    ck_assert_ptr_nonnull(strstr(run.out, "\tTotal cycles: 20\n\tMean cycle:   20\n\tMean depth cycle:  2\n"
                                          "\tCycles per minute: 2\n"));
    ck_assert_ptr_nonnull(strstr(
        run.out, "by message type\n"
                 "\tREQUEST_JOB_INFO                        ( 2003) count:4      ave_time:25     total_time:100\n"
                 "\tBRAMBLE_HEARTBEAT                       (10044) count:2      ave_time:450    total_time:900\n\n"
                 "Remote Procedure Call statistics by user\n"
                 "\troot            (       0) count:6      ave_time:166    total_time:1000\n"));
    run_fini(&run);
    run = run_command(sdiag_run, "sdiag -t", fake_source());
    ck_assert_ptr_nonnull(strstr(run.out, "total_time:900\n\tREQUEST_JOB_INFO"));
    run_fini(&run);
    ck_output(sdiag_run, "sdiag -r", "Reset scheduling statistics\n");
}
END_TEST

START_TEST(sstat_puts_the_nodes_of_a_step_together)
{
    ck_output(sstat_run, "sstat -n -P -j 1 -o jobid,ntasks,avecpu,maxrss,maxrssnode,maxrsstask,averss,maxvmsize",
              "1.0|2|00:01:01|3000K|pi2|1|2524K|\n");
    ck_output(sstat_run, "sstat -j 1 -n -P -o nodelist,tresusageintot,tresusageoutmax",
              "pi[1-2]|cpu=00:02:02,energy=0,mem=5048K|energy=0\n");
    ck_output(sstat_run, "sstat -i -n -P 1", "1.0|pi1|70\n1.0|pi2|71,72\n");
    ck_output(sstat_run, "sstat -j 1 -n --noconvert -P -o maxrss", "3072000\n");
}
END_TEST

START_TEST(sstat_tells_what_it_cannot_tell)
{
    struct run run = run_command(sstat_run, "sstat -n -j 999", fake_source());

    ck_assert_str_eq(run.err, "sstat: error: No steps running for job 999\n");
    ck_assert_int_eq(run.rc, 0);
    run_fini(&run);
    ck_refused(sstat_run, "sstat -n -j 2", "sstat: error: couldn't get steps for job 2: Access/permission denied\n");
    ck_refused(sstat_run, "sstat", "sstat: error: You didn't give me any jobs to stat.\n");
    ck_refused(sstat_run, "sstat -j 1 -o nothing", "sstat: error: Invalid field requested: \"nothing\"\n");
}
END_TEST

START_TEST(sacct_tells_usage_by_task_and_node)
{
    ck_output(sacct_run, "sacct -a -n -P -j 17.0 -o averss,mincpu,mincpunode,mincputask,maxdiskreadnode,maxvmsize",
              "1000K|00:00:00|pi4|0|pi5|\n");
    ck_output(sacct_run, "sacct -a -n -P -j 17.0 -o tresusageinmaxnode,tresusageinmintask",
              "cpu=pi5,fs/disk=pi5,mem=pi4,pages=pi4|cpu=0,fs/disk=0,mem=1,pages=0\n");
}
END_TEST

START_TEST(sacct_selects_by_how_a_job_was_started)
{
    ck_output(sacct_run, "sacct -a -X -n -P -j 13,14,16 -F SchedBackfill -o jobid,flags", "14|SchedBackfill\n");
    ck_output(sacct_run, "sacct -a -X -n -P -j 13,14,16 -F startreceived -o jobid", "13\n14\n");
    ck_output(sacct_run, "sacct -a -X -n -P -j 13 -F SchedSubmit -o jobid", "");
    ck_refused(sacct_run, "sacct -F Sched", "sacct: error: str_2_job_flags: Invalid job flag Sched\n");
    ck_output(sacct_run, "sacct -a -B -j 13", "Batch Script for 13\n-----------------------------------------------"
                                              "---------------------------------\nNONE\n\n");
}
END_TEST

START_TEST(sprio_lists_pending_jobs)
{
    ck_output(sprio_run, "sprio",
              "          JOBID PARTITION   PRIORITY       SITE\n"
              "              3 all                0          0\n"
              "              4 all               97          0\n"
              "              5 all,pi4           96          0\n");
    ck_output(sprio_run, "sprio -h -o '%i %F %u' -S -Y -u 1000", "5 0 ann\n");
    ck_output(sprio_run, "sprio -h -j 4 -o '%i %y'", "4 0.00000002\n");
    ck_output(sprio_run, "sprio -w -o '%.15i %.10Y %.10A'",
              "          JOBID   PRIORITY        AGE\n        Weights                     0\n");
    ck_refused(sprio_run, "sprio -u nobody_of_that_name", "sprio: error: Invalid user: nobody_of_that_name\n");
}
END_TEST

START_TEST(sshare_adds_up_what_users_have_used)
{
    struct run run = run_command(sshare_run, "sshare -a -n -P -o account,user,rawshares,rawusage", fake_source());

    ck_assert_int_eq(run.rc, 0);
    ck_assert_ptr_nonnull(strstr(run.out, "root|||"));
    ck_assert_ptr_nonnull(strstr(run.out, "root|root|1|"));
    run_fini(&run);
    if (getuid() == 0)
        ck_output(sshare_run, "sshare -U -n -o account%8,user%-6", "    root root   \n");
    ck_output(sshare_run, "sshare -A other -n", "");
}
END_TEST

START_TEST(sacctmgr_lists_in_slurms_formats)
{
    ck_output(sacctmgr_run, "sacctmgr show account",
              "   Account                Descr                  Org \n"
              "---------- -------------------- -------------------- \n"
              "      root default root account                 root \n");
    ck_output(sacctmgr_run, "sacctmgr -n -s list user root format=account%10", "      root \n");
    ck_output(sacctmgr_run, "sacctmgr -nP list user where name=root format=user,def,admin", "root|root|Administrator\n");
    ck_output(sacctmgr_run, "sacctmgr -nP list user nobody_of_that_name", "");
    ck_output(sacctmgr_run, "sacctmgr -nP show assoc user=root format=cluster,account,user,share,qos",
              "mycluster|root|root|1|normal\n");
    ck_output(sacctmgr_run, "sacctmgr -nP show cluster format=cluster,nodecount,clusternodes", "mycluster|5|pi[1-5]\n");
    ck_output(sacctmgr_run, "sacctmgr -nP list qos format=name,priority,grace,usagefactor", "normal|0|00:00:00|1.000000\n");
    ck_output(sacctmgr_run, "sacctmgr -nP list tres type=fs", "fs|disk|6\n");
    ck_output(sacctmgr_run, "sacctmgr -nP list event format=node,state,reason,user nodes=pi3",
              "pi3|MIXED+DRAIN|bad sd card|root(0)\n");
    ck_output(sacctmgr_run, "sacctmgr -p list tran", "Time|Action|Actor|Where|Info|\n");
    ck_refused(sacctmgr_run, "sacctmgr add user ann",
               "sacctmgr: error: add is not supported: accounts, shares and limits cannot be changed yet; every user "
               "may run jobs under the account root\n");
    ck_refused(sacctmgr_run, "sacctmgr frobnicate", "sacctmgr: error: invalid keyword: frobnicate\n");
}
END_TEST

START_TEST(options_are_completed_from_the_table)
{
    ck_output(squeue_run, "squeue --autocomplete=no", "--noconvert\n--nodelist=\n--noheader\n--notme\n");
    ck_output(sinfo_run, "sinfo --autocomplete --st", "--states=\n");
}
END_TEST

START_TEST(squeue_filters_by_what_it_is_told)
{
    ck_output(squeue_run, "squeue -h -o %i -u 1000 -S i", "2\n5\n");
    ck_output(squeue_run, "squeue -h -o %i -p pi4 -S i", "5\n");
    ck_output(squeue_run, "squeue -h -o %i -n run1,held -S i", "1\n3\n");
    ck_output(squeue_run, "squeue -h -o %i -w pi[3-4]", "2\n");
    ck_output(squeue_run, "squeue -h -o %i -j 1,2,99 -S i", "1\n2\n");
    ck_output(squeue_run, "squeue -h -j1 -o %i", "1\n");
    ck_output(squeue_run, "squeue -h --job 1 -o %i", "1\n");
    ck_output(squeue_run, "squeue -h --state=running -o %i -S i", "1\n2\n");
}
END_TEST

START_TEST(squeue_tells_a_job_that_is_gone_from_one_that_is_done)
{
    ck_refused(squeue_run, "squeue -j 99", "slurm_load_jobs error: Invalid job id specified\n");
    ck_output(squeue_run, "squeue -j 6 -h", "");
    ck_output(squeue_run, "squeue -j 6 -h -t all -o '%i %t'", "6 CD\n");
}
END_TEST

START_TEST(squeue_refuses_bad_words_in_slurms_words)
{
    ck_refused(squeue_run, "squeue -j abc", "squeue: error: Invalid job id: abc\n");
    ck_refused(squeue_run, "squeue -w pix", "squeue: error: Invalid node name pix\n");
    ck_refused(squeue_run, "squeue -i 0", "squeue: error: --iterate=0\n\n");
    struct run r = run_command(squeue_run, "squeue -h -u nobody_of_that_name", fake_source());
    ck_assert_str_eq(r.err, "squeue: error: Invalid user: nobody_of_that_name\n\n");
    ck_assert_str_eq(r.out, "");
    ck_assert_int_eq(r.rc, 0);
    run_fini(&r);
    r = run_command(squeue_run, "squeue -t zz", fake_source());
    ck_assert_int_eq(strncmp(r.err, "squeue: error: Invalid job state specified: zz\n"
                                    "squeue: error: Valid job states include: PENDING,", 96), 0);
    run_fini(&r);
    r = run_command(squeue_run, "squeue -h -j 1 -o '%i %!'", fake_source());
    ck_assert_str_eq(r.err, "squeue: error: Invalid job format specification: !\n");
    ck_assert_str_eq(r.out, "1 %!\n");
    run_fini(&r);
}
END_TEST

START_TEST(squeue_says_what_a_client_waits_to_match_when_the_controller_is_away)
{
    struct run r = run_command(squeue_run, "squeue",
                               fake_source_failing(BRE_NO_CONTACT, "pi0:6817: connection refused"));

    ck_assert_str_eq(r.err, "slurm_load_jobs error: Unable to contact slurm controller (connect failure): "
                            "pi0:6817: connection refused\n");
    ck_assert_int_eq(r.rc, 1);
    run_fini(&r);
}
END_TEST

START_TEST(squeue_takes_its_defaults_from_the_environment)
{
    setenv("SQUEUE_FORMAT", "%i:%t", 1);
    setenv("SQUEUE_STATES", "R", 1);
    setenv("SQUEUE_SORT", "-i", 1);
    ck_output(squeue_run, "squeue -h", "2:R\n1:R\n");
    ck_output(squeue_run, "squeue -h -o %i -S i", "1\n2\n");
    setenv("SQUEUE_FORMAT2", "jobid:3,state: ", 1);
    ck_output(squeue_run, "squeue -h", "2  RUNNING \n1  RUNNING \n");
    unsetenv("SQUEUE_FORMAT");
    unsetenv("SQUEUE_FORMAT2");
    unsetenv("SQUEUE_STATES");
    unsetenv("SQUEUE_SORT");
}
END_TEST

START_TEST(squeue_prints_names_without_their_control_characters)
{
    ck_output(squeue_run, "squeue -h -t F -o %j", "bad?[2Jname\n");
}
END_TEST

START_TEST(squeue_formats_what_the_manual_names)
{
    ck_output(squeue_run, "squeue -h -j 2 -o '%C|%m|%l|%L|%Q|%h|%z|%B|%e|%V|%b|%K|%F'",
              "4|1.50G|365-00:00:00|363-23:00:00|99|OK|*:*:*|pi1|2027-11-20T05:36:40|"
              "2026-11-21T06:26:40|N/A|N/A|2\n");
    ck_output(squeue_run, "squeue -h -j 2 -O 'tres-alloc:,minmemory: ' --noconvert",
              "cpu=4,mem=3072M,node=2,billing=41536M \n");
    ck_output(squeue_run, "squeue -h -j 3 -o '%p %S %e %N|%a'", "0.00000000000000 N/A N/A |(null)\n");
}
END_TEST

START_TEST(squeue_explains_why_a_job_waits)
{
    ck_output(squeue_run, "squeue --explain=4",
              "Job 4 (big_big_big) of root is PENDING (Resources).\n  It needs 5 nodes.\n  Two are?idle.\n");
    ck_output(squeue_run, "squeue --explain -j 3", "Job 3 (held) of root is PENDING (JobHeldUser).\n");
}
END_TEST

/* ---- sinfo ---- */

START_TEST(sinfo_puts_nodes_alike_on_one_line)
{
    ck_output(sinfo_run, "sinfo",
              "PARTITION AVAIL  TIMELIMIT  NODES  STATE NODELIST\n"
              "all*         up   infinite      1  down* pi5\n"
              "all*         up   infinite      1   drng pi3\n"
              "all*         up   infinite      2    mix pi[1-2]\n"
              "all*         up   infinite      1   idle pi4\n"
              "pi3          up   infinite      1   drng pi3\n"
              "pi3          up   infinite      2    mix pi[1-2]\n"
              "pi4          up    1:00:00      1  down* pi5\n"
              "pi4          up    1:00:00      1   idle pi4\n");
}
END_TEST

START_TEST(sinfo_summarizes_partitions)
{
    ck_output(sinfo_run, "sinfo -s",
              "PARTITION AVAIL  TIMELIMIT   NODES(A/I/O/T) NODELIST\n"
              "all*         up   infinite          3/1/1/5 pi[1-5]\n"
              "pi3          up   infinite          3/0/0/3 pi[1-3]\n"
              "pi4          up    1:00:00          0/1/1/2 pi[4-5]\n");
}
END_TEST

START_TEST(sinfo_lists_each_node_in_each_partition)
{
    ck_output(sinfo_run, "sinfo -N -p pi4",
              "NODELIST   NODES PARTITION STATE \n"
              "pi4            1       pi4 idle  \n"
              "pi5            1       pi4 down* \n");
    ck_output(sinfo_run, "sinfo -N -h -o '%N %R' -n pi4", "pi4 all\npi4 pi4\n");
}
END_TEST

START_TEST(sinfo_says_why_nodes_are_out)
{
    ck_output(sinfo_run, "sinfo -R",
              "REASON               USER      TIMESTAMP           NODELIST\n"
              "no power             root      2026-11-21T06:35:40 pi5\n"
              "bad sd card          root      2026-11-21T06:35:40 pi3\n");
}
END_TEST

START_TEST(sinfo_filters_states_and_keeps_empty_partitions)
{
    ck_output(sinfo_run, "sinfo -t idle -h",
              "all*         up   infinite      1   idle pi4\n"
              "pi3          up   infinite      0    n/a \n"
              "pi4          up    1:00:00      1   idle pi4\n");
    ck_output(sinfo_run, "sinfo -h -o %N -t down", "pi5\n");
    ck_output(sinfo_run, "sinfo -h -o %N -d", "pi5\n");
    ck_output(sinfo_run, "sinfo -h -o %N -r", "pi[1-4]\n");
    ck_output(sinfo_run, "sinfo -h -p nosuch", "");
    ck_output(sinfo_run, "sinfo -a -h -p secret -o '%P %D'", "secret 1\n");
}
END_TEST

START_TEST(sinfo_counts_nodes_of_several_partitions_once)
{
    ck_output(sinfo_run, "sinfo -h -o '%D %C %c %m %z %e %O'",
              "5 6/8/6/20 4 1000+ 1:4:1 500-2000 -0.01-1.05\n");
    ck_output(sinfo_run, "sinfo -e -h -o '%m %D'", "4000 1\n1000 3\n2000 1\n");
}
END_TEST

START_TEST(sinfo_sorts_as_told)
{
    ck_output(sinfo_run, "sinfo -h -p pi4,pi3 -S -P,N -o '%P %N %t'",
              "pi4 pi4 idle\npi4 pi5 down*\npi3 pi[1-2] mix\npi3 pi3 drng\n");
}
END_TEST

START_TEST(sinfo_refuses_states_that_are_none)
{
    struct run r = run_command(sinfo_run, "sinfo -t bogus", fake_source());

    ck_assert_int_eq(strncmp(r.err, "sinfo: error: Bad state string: \"bogus\"\n", 40), 0);
    ck_assert_int_eq(r.rc, 1);
    run_fini(&r);
}
END_TEST

START_TEST(sinfo_knows_long_fields)
{
    ck_output(sinfo_run, "sinfo -h -n pi3 -p pi3 -O 'nodelist:5,statelong:,statecomplete:.20,sockets: '",
              "pi3  draining         mixed+drain1 \n");
}
END_TEST

/* ---- sacct ---- */

START_TEST(sacct_lists_jobs_of_today_before_their_steps)
{
    ck_output(sacct_run, "sacct -a -S now-1hour",
              "JobID           JobName  Partition    Account  AllocCPUS      State ExitCode \n"
              "------------ ---------- ---------- ---------- ---------- ---------- -------- \n"
              "13                 run1        all       root          2    RUNNING      0:0 \n"
              "13.batch          batch                  root          2    RUNNING      0:0 \n"
              "13.0              sleep                  root          2    RUNNING      0:0 \n"
              "14                again        all       root          2  COMPLETED      0:0 \n"
              "14.batch          batch                  root          2  COMPLETED      0:0 \n"
              "16                 fail        all       root          2     FAILED      2:0 \n"
              "17                 stop        all       root          3 CANCELLED+      0:0 \n"
              "17.0                hit                  root          2  CANCELLED      0:9 \n");
}
END_TEST

START_TEST(sacct_is_parsable_in_two_ways)
{
    ck_output(sacct_run, "sacct -a -S now-1hour -X -P -b",
              "JobID|State|ExitCode\n13|RUNNING|0:0\n14|COMPLETED|0:0\n16|FAILED|2:0\n"
              "17|CANCELLED by 1000|0:0\n");
    ck_output(sacct_run, "sacct -a -n -j 16 -p --delimiter=, -o jobid,state", "16,FAILED,\n");
}
END_TEST

START_TEST(sacct_shows_named_jobs_and_steps_whenever_they_ran)
{
    ck_output(sacct_run, "sacct -a -n -P -j 9,13.batch,15 -o jobid,state,nodelist%5",
              "9|COMPLETED|pi4\n13.batch|RUNNING|pi1\n15|PENDING|None assigned\n");
}
END_TEST

START_TEST(sacct_passes_over_jobs_that_never_could_start)
{
    ck_output(sacct_run, "sacct -a -X -n -P -S now-2hours -o jobid --name held,quit", "");
    ck_output(sacct_run, "sacct -a -X -n -P -o jobid,state -j 15,18", "15|PENDING\n18|CANCELLED by 1000\n");
}
END_TEST

START_TEST(sacct_gone_jobs_are_no_error)
{
    ck_output(sacct_run, "sacct -a -n -j 9999", "");
}
END_TEST

START_TEST(sacct_keeps_earlier_attempts_for_who_asks)
{
    ck_output(sacct_run, "sacct -a -X -n -P -D -j 14 -o jobid,state", "14|NODE_FAIL\n14|COMPLETED\n");
    ck_output(sacct_run, "sacct -a -X -n -P -j 14 -o jobid,state", "14|COMPLETED\n");
}
END_TEST

START_TEST(sacct_filters_by_state_in_the_window)
{
    ck_output(sacct_run, "sacct -a -X -n -P -s R -o jobid", "13\n");
    ck_output(sacct_run, "sacct -a -X -n -P -s CD -o jobid", "");
    ck_output(sacct_run, "sacct -a -X -n -P -s F,CA -S now-1hour -E now -o jobid", "16\n17\n18\n");
    ck_output(sacct_run, "sacct -a -X -n -P -s F,CA -S now-1hour -o jobid", ""); /* at that moment */
    ck_output(sacct_run, "sacct -a -X -n -P -s F,CA -j 16,13 -o jobid", "16\n");
    ck_output(sacct_run, "sacct -a -X -n -P -N pi[3-4] -S now-1hour -o jobid", "14\n16\n");
    ck_output(sacct_run, "sacct -u 1000 -X -n -P -S now-1hour -o jobid", "17\n");
}
END_TEST

START_TEST(sacct_formats_what_was_used)
{
    ck_output(sacct_run,
              "sacct -a -n -P -j 14.batch -o elapsed,maxrss,totalcpu,usercpu,systemcpu,cputimeraw,ntasks,avecpu",
              "00:00:40|2M|00:01.515|00:01.500|00:00.015|80|1|00:00:01\n");
    ck_output(sacct_run, "sacct -a -n -P -j 17.0 -o maxrss", "1234K\n");
    ck_output(sacct_run, "sacct -a -n -P -j 17.0 -o maxdiskread,tresusageintot,tresusageouttot",
              "1.00M|cpu=00:00:01,energy=0,fs/disk=1.50M,mem=2000K,pages=0|energy=0\n");
    ck_output(sacct_run, "sacct -a -n -P -j 17.0 -o maxdiskread --units=K", "1024.00K\n");
    ck_output(sacct_run, "sacct -a -n -P -j 14.batch -o maxrss --units=K", "2048K\n");
    ck_output(sacct_run, "sacct -a -n -P -j 14.batch -o maxrss --noconvert", "2097152\n");
    ck_output(sacct_run, "sacct -a -n -P -X -j 17 -o start,nodelist,allocnodes,alloccpus,timelimit,reqmem",
              "None|None assigned|0|3|01:05:00|500M\n");
    ck_output(sacct_run, "sacct -a -n -j 14 -X -o jobid%-4,state%4", "14   COM+ \n");
}
END_TEST

START_TEST(sacct_refuses_in_slurms_words)
{
    ck_refused(sacct_run, "sacct -o jobid,nosuch", "sacct: error: Invalid field requested: \"nosuch\"\n");
    ck_refused(sacct_run, "sacct -j abc", "sacct: fatal: Bad job/step specified: abc\n");
    ck_refused(sacct_run, "sacct -s zz", "sacct: fatal: unrecognized job state value 'zz'\n");
    ck_refused(sacct_run, "sacct -u nobody_of_that_name",
               "sacct: error: Invalid user id: nobody_of_that_name\n");
    ck_refused(sacct_run, "sacct -S foo", "Invalid time specification (pos=0): foo\n");
}
END_TEST

static void ck_empty(int (*command)(struct console *con, int argc, char **argv), const char *line,
                     const char *expected)
{
    struct run r = run_command(command, line, fake_source_empty());

    ck_assert_str_eq(r.out, expected);
    ck_assert_str_eq(r.err, "");
    ck_assert_int_eq(r.rc, 0);
    run_fini(&r);
}

START_TEST(an_empty_cluster_has_headers_and_nothing_below)
{
    ck_empty(squeue_run, "squeue -o '%i %t'", "JOBID ST\n");
    ck_empty(squeue_run, "squeue -s -h", "");
    ck_empty(squeue_run, "squeue --explain", "");
    ck_empty(sinfo_run, "sinfo", "PARTITION AVAIL  TIMELIMIT  NODES  STATE NODELIST\n");
    ck_empty(sinfo_run, "sinfo -N -h", "");
    ck_empty(sacct_run, "sacct -P -b", "JobID|State|ExitCode\n");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("show");
    TCase *tc = tcase_create("show");

    setenv("TZ", "UTC", 1);
    unsetenv("SLURM_TIME_FORMAT");
    unsetenv("SLURM_CLUSTERS");
    tcase_add_test(tc, squeue_sorts_by_partition_state_and_priority);
    tcase_add_test(tc, squeue_long_has_the_date_and_never_cuts_a_limit);
    tcase_add_test(tc, squeue_shows_ended_jobs_only_when_asked);
    tcase_add_test(tc, squeue_start_lists_pending_jobs_by_their_start);
    tcase_add_test(tc, squeue_lists_steps_in_order);
    tcase_add_test(tc, squeue_filters_by_what_it_is_told);
    tcase_add_test(tc, squeue_filters_by_run_time_license_and_owner);
    tcase_add_test(tc, squeue_priority_has_a_line_for_each_partition);
    tcase_add_test(tc, squeue_only_job_state_knows_ids_and_states);
    tcase_add_test(tc, squeue_leaves_patterns_of_paths_alone_unless_told);
    tcase_add_test(tc, other_clusters_are_refused_and_the_own_one_is_named);
    tcase_add_test(tc, options_are_completed_from_the_table);
    tcase_add_test(tc, sdiag_prints_slurms_layout);
    tcase_add_test(tc, sprio_lists_pending_jobs);
    tcase_add_test(tc, sacct_selects_by_how_a_job_was_started);
    tcase_add_test(tc, sstat_puts_the_nodes_of_a_step_together);
    tcase_add_test(tc, sstat_tells_what_it_cannot_tell);
    tcase_add_test(tc, sacct_tells_usage_by_task_and_node);
    tcase_add_test(tc, sshare_adds_up_what_users_have_used);
    tcase_add_test(tc, sacctmgr_lists_in_slurms_formats);
    tcase_add_test(tc, squeue_tells_a_job_that_is_gone_from_one_that_is_done);
    tcase_add_test(tc, squeue_refuses_bad_words_in_slurms_words);
    tcase_add_test(tc, squeue_says_what_a_client_waits_to_match_when_the_controller_is_away);
    tcase_add_test(tc, squeue_takes_its_defaults_from_the_environment);
    tcase_add_test(tc, squeue_prints_names_without_their_control_characters);
    tcase_add_test(tc, squeue_formats_what_the_manual_names);
    tcase_add_test(tc, squeue_explains_why_a_job_waits);
    tcase_add_test(tc, sinfo_puts_nodes_alike_on_one_line);
    tcase_add_test(tc, sinfo_summarizes_partitions);
    tcase_add_test(tc, sinfo_lists_each_node_in_each_partition);
    tcase_add_test(tc, sinfo_says_why_nodes_are_out);
    tcase_add_test(tc, sinfo_filters_states_and_keeps_empty_partitions);
    tcase_add_test(tc, sinfo_counts_nodes_of_several_partitions_once);
    tcase_add_test(tc, sinfo_sorts_as_told);
    tcase_add_test(tc, sinfo_refuses_states_that_are_none);
    tcase_add_test(tc, sinfo_knows_long_fields);
    tcase_add_test(tc, sacct_lists_jobs_of_today_before_their_steps);
    tcase_add_test(tc, sacct_is_parsable_in_two_ways);
    tcase_add_test(tc, sacct_shows_named_jobs_and_steps_whenever_they_ran);
    tcase_add_test(tc, sacct_passes_over_jobs_that_never_could_start);
    tcase_add_test(tc, sacct_gone_jobs_are_no_error);
    tcase_add_test(tc, sacct_keeps_earlier_attempts_for_who_asks);
    tcase_add_test(tc, sacct_filters_by_state_in_the_window);
    tcase_add_test(tc, sacct_formats_what_was_used);
    tcase_add_test(tc, sacct_refuses_in_slurms_words);
    tcase_add_test(tc, an_empty_cluster_has_headers_and_nothing_below);
    suite_add_tcase(s, tc);
    return suite_run(s);
}
