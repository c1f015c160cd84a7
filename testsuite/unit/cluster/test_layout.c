/* test_layout.c - which nodes, tasks and CPUs a job gets, beside what Slurm gives.
 *
 * The tables were recorded from Slurm 22.05.8 (select/cons_tres, CR_Core_Memory) with salloc on an
 * idle cluster: eight nodes of 1 socket x 4 cores x 1 thread and 2000 MB, and two of 2 x 4 x 2 and
 * 4000 MB.  "-n4 --ntasks-per-socket=1" on the latter is left out: Slurm gives one node for it, with two
 * tasks a socket.  The command lines go through the option table that the commands use.  NULL: refused.
 */
#include "suite.h"
#include "world.h"

#include <stdlib.h>
#include <string.h>

#include "jobopt/jobopt.h"
#include "util/mem.h"

static struct world w;

struct row {
    const char *options, *nodes, *tasks, *cpus;
};
static const struct row small_boards[] = {
    { "-N2 -n4", "n[1-2]", "3,1", "3,1" },
    { "-N2 -n5", "n[1-2]", "4,1", "4,1" },
    { "-N2 -n8", "n[1-2]", "4(x2)", "4(x2)" },
    { "-N2 -n2", "n[1-2]", "1(x2)", "1(x2)" },
    { "-N3 -n7", "n[1-3]", "4,2,1", "4,2,1" },
    { "-N3 -n4", "n[1-3]", "2,1(x2)", "2,1(x2)" },
    { "-N4 -n6", "n[1-4]", "3,1(x3)", "3,1(x3)" },
    { "-N1 -n4", "n1", "4", "4" },
    { "-n6", "n[1-2]", "4,2", "4,2" },
    { "-n4", "n1", "4", "4" },
    { "-n9", "n[1-3]", "4(x2),1", "4(x2),1" },
    { "-n1", "n1", "1", "1" },
    { "-n12", "n[1-3]", "4(x3)", "4(x3)" },
    { "-N3", "n[1-3]", "1(x3)", "1(x3)" },
    { "-N3-4", "n[1-4]", "1(x4)", "1(x4)" },
    { "-N3-4 -n4", "n[1-4]", "1(x4)", "1(x4)" },
    { "-N3-4 -n8", "n[1-4]", "3(x2),1(x2)", "3(x2),1(x2)" },
    { "-N3-4 --use-min-nodes", "n[1-3]", "1(x3)", "1(x3)" },
    { "-N2-4 -n12", "n[1-4]", "4(x2),3,1", "4(x2),3,1" },
    { "-N2-4 -n8 --use-min-nodes", "n[1-2]", "4(x2)", "4(x2)" },
    { "-N1-8 -n8", "n[1-8]", "1(x8)", "1(x8)" },
    { "-N1-8", "n[1-8]", "1(x8)", "1(x8)" },
    { "-N2 -c2", "n[1-2]", "1(x2)", "2(x2)" },
    { "-N2 -n4 -c2", "n[1-2]", "2(x2)", "4(x2)" },
    { "-N2 -n3 -c2", "n[1-2]", "2,1", "4,2" },
    { "-n4 -c2", "n[1-2]", "2(x2)", "4(x2)" },
    { "-n3 -c2", "n[1-2]", "2,1", "4,2" },
    { "-N2 -n3 -c3", NULL, NULL, NULL },
    { "-n2 -c4", "n[1-2]", "1(x2)", "4(x2)" },
    { "-N2 -n4 --ntasks-per-node=2", "n[1-2]", "2(x2)", "2(x2)" },
    { "-n6 --ntasks-per-node=2", "n[1-3]", "2(x3)", "2(x3)" },
    { "-N3 --ntasks-per-node=2", "n[1-3]", "2(x3)", "2(x3)" },
    { "-N3 -n5 --ntasks-per-node=2", "n[1-3]", "2(x3)", "2(x3)" },
    { "-N3 -n4 --ntasks-per-node=2", "n[1-3]", "2(x3)", "2(x3)" },
    { "-n5 --ntasks-per-node=3", "n[1-2]", "3(x2)", "3(x2)" },
    { "-N2 --ntasks-per-node=2 -c2", "n[1-2]", "2(x2)", "4(x2)" },
    { "-n4 --ntasks-per-core=1", "n1", "4", "4" },
    { "-n4 --ntasks-per-core=2", "n1", "4", "4" },
    { "-n4 --ntasks-per-socket=2", "n[1-2]", "2(x2)", "2(x2)" },
    { "-n4 --ntasks-per-socket=1", "n[1-4]", "1(x4)", "1(x4)" },
    { "-N2 -n4 --ntasks-per-socket=2", "n[1-2]", "2(x2)", "2(x2)" },
    { "-n2 --mincpus=3", "n1", "2", "3" },
    { "-n2 --mincpus=2", "n1", "2", "2" },
    { "-N2 --mincpus=2", "n[1-2]", "2(x2)", "2(x2)" },
    { "-N2 -n4 --mincpus=4", "n[1-2]", "2(x2)", "4(x2)" },
    { "-N2 -n5 -m block", "n[1-2]", "4,1", "4,1" },
    { "-N2 -n5 -m cyclic", "n[1-2]", "4,1", "4,1" },
    { "-N2 -n5 -m plane=2", "n[1-2]", "4,1", "4,1" },
    { "-N2 -n6 -m plane=2", "n[1-2]", "4,2", "4,2" },
    { "-N3 -n8 -m plane=2", "n[1-3]", "4,3,1", "4,3,1" },
    { "-N3 -n8 -m plane=3", "n[1-3]", "4,3,1", "4,3,1" },
    { "-n5 -m cyclic", "n[1-2]", "4,1", "4,1" },
    { "-n6 -m cyclic", "n[1-2]", "4,2", "4,2" },
    { "-N3 -n8 -m cyclic", "n[1-3]", "4,3,1", "4,3,1" },
    { "-N2 -n4 --spread-job", "n[1-2]", "3,1", "3,1" },
    { "-n4 --spread-job", "n[1-4]", "1(x4)", "1(x4)" },
    { "-n8 --spread-job", "n[1-8]", "1(x8)", "1(x8)" },
    { "-n10 --spread-job", "n[1-8]", "2(x2),1(x6)", "2(x2),1(x6)" },
    { "-N2 -n6 --spread-job", "n[1-2]", "4,2", "4,2" },
    { "-O -n8", "n1", "8", "1" },
    { "-O -N2 -n8", "n[1-2]", "4(x2)", "1(x2)" },
    { "-O -N2 -n20", "n[1-2]", "10(x2)", "1(x2)" },
    { "-O -n3", "n1", "3", "1" },
    { "-N2 -n4 --exclusive", "n[1-2]", "2(x2)", "4(x2)" },
    { "-n2 --exclusive", "n1", "2", "4" },
    { "-n6 --exclusive", "n[1-2]", "3(x2)", "4(x2)" },
    { "-N2 --exclusive -c2", "n[1-2]", "2(x2)", "4(x2)" },
    { "-N2 -n2 --contiguous", "n[1-2]", "1(x2)", "1(x2)" },
    { "-N3 --contiguous", "n[1-3]", "1(x3)", "1(x3)" },
    { "-n4 -w n2,n4", "n[2,4]", "3,1", "3,1" },
    { "-n4 -N2 -w n3", "n[3-4]", "3,1", "3,1" },
    { "-n2 -w n2", "n2", "2", "2" },
    { "-N2 -w n3", "n[3-4]", "1(x2)", "1(x2)" },
    { "-n6 -x n1", "n[2-3]", "4,2", "4,2" },
    { "-N2 -n4 -x n[1-3]", "n[4-5]", "3,1", "3,1" },
    { "-n4 --mem-per-cpu=500", "n1", "4", "4" },
    { "-n4 --mem-per-cpu=1000", "n[1-2]", "2(x2)", "2(x2)" },
    { "-N2 -n4 --mem=1000", "n[1-2]", "3,1", "3,1" },
    { "-N2 -n5 --mem-per-cpu=500", "n[1-2]", "4,1", "4,1" },
    { "-n4 --mem-per-cpu=900", "n[1-2]", "2(x2)", "2(x2)" },
    { "-n3 --mem=2000", "n1", "3", "3" },
    { "-N2 -n4 -m block,Pack", "n[1-2]", "3,1", "3,1" },
    { "-N2 -n4 -m block,NoPack", "n[1-2]", "3,1", "3,1" },
    { "-N2 -n6 -m cyclic:cyclic", "n[1-2]", "4,2", "4,2" },
    { "-N2 -n5 -m *,Pack", "n[1-2]", "4,1", "4,1" },
    { "-N2 -n5 -m *,NoPack", "n[1-2]", "4,1", "4,1" },
    { "-N4 -n10", "n[1-4]", "4(x2),1(x2)", "4(x2),1(x2)" },
    { "-N4 -n15", "n[1-4]", "4(x3),3", "4(x3),3" },
    { "-N4 -n13", "n[1-4]", "4(x3),1", "4(x3),1" },
    { "-N8 -n9", "n[1-8]", "2,1(x7)", "2,1(x7)" },
    { "-N8 -n20", "n[1-8]", "4(x4),1(x4)", "4(x4),1(x4)" },
    { "-N5 -n11 -c1", "n[1-5]", "4(x2),1(x3)", "4(x2),1(x3)" },
    { "-N2 -n3 -c1", "n[1-2]", "2,1", "2,1" },
    { "-N2 -n7", "n[1-2]", "4,3", "4,3" },
    { "-n7", "n[1-2]", "4,3", "4,3" },
    { "-n3", "n1", "3", "3" },
    { "-n5", "n[1-2]", "4,1", "4,1" },
    { "-n5 -N1-2", "n[1-2]", "4,1", "4,1" },
    { "-n5 -N1-3", "n[1-3]", "3,1(x2)", "3,1(x2)" },
    { "-n2 -N1-2", "n[1-2]", "1(x2)", "1(x2)" },
    { "-n2 -N2-3", "n[1-2]", "1(x2)", "1(x2)" },
    { "-N3-4 -n9", "n[1-4]", "4,3,1(x2)", "4,3,1(x2)" },
    { "-N3-4 -n10", "n[1-4]", "4,3,2,1", "4,3,2,1" },
    { "-N3-4 -n12", "n[1-4]", "4(x2),3,1", "4(x2),3,1" },
    { "-N3-4 -n16", "n[1-4]", "4(x4)", "4(x4)" },
    { "-N2-4 -n8", "n[1-4]", "3(x2),1(x2)", "3(x2),1(x2)" },
    { "-N2-4 -n6", "n[1-4]", "2(x2),1(x2)", "2(x2),1(x2)" },
    { "-N1-4 -n8", "n[1-4]", "3(x2),1(x2)", "3(x2),1(x2)" },
    { "-N1-3 -n8", "n[1-3]", "4,3,1", "4,3,1" },
    { "-N4 -n8", "n[1-4]", "4,2,1(x2)", "4,2,1(x2)" },
    { "-N2-8 -n20", "n[1-8]", "4(x2),3(x3),1(x3)", "4(x2),3(x3),1(x3)" },
    { "-N3 -n4 -c2", "n[1-3]", "2,1(x2)", "4,2(x2)" },
    { "-N3 -n5 -c2", "n[1-3]", "2(x2),1", "4(x2),2" },
    { "-N4 -n6 -c2", "n[1-4]", "2(x2),1(x2)", "4(x2),2(x2)" },
    { "-N2 -n2 -c3", "n[1-2]", "1(x2)", "3(x2)" },
    { "-N2-3 -n4 -c2", "n[1-3]", "2,1(x2)", "4,2(x2)" },
    { "-n4 --ntasks-per-node=3", "n[1-2]", "3(x2)", "3(x2)" },
    { "-n7 --ntasks-per-node=3", "n[1-3]", "3(x3)", "3(x3)" },
    { "-N2 -n7 --ntasks-per-node=4", "n[1-2]", "4(x2)", "4(x2)" },
    { "-N2 -n5 --ntasks-per-node=4", "n[1-2]", "4(x2)", "4(x2)" },
    { "-N3 --ntasks-per-node=2 --exclusive", "n[1-3]", "2(x3)", "4(x3)" },
    { "-n5 --ntasks-per-node=3 --exclusive", "n[1-2]", "3(x2)", "4(x2)" },
    { "-N2 -n3 --exclusive", "n[1-2]", "2,1", "4(x2)" },
    { "-N2 --exclusive", "n[1-2]", "4(x2)", "4(x2)" },
    { "-N2 -O --exclusive -n10", "n[1-2]", "5(x2)", "4(x2)" },
    { "-O -N2", "n[1-2]", "1(x2)", "1(x2)" },
    { "-O", "n1", "1", "1" },
    { "-O -n8 -c2", "n1", "8", "2" },
    { "-N2 -n2 --spread-job", "n[1-2]", "1(x2)", "1(x2)" },
    { "-n4 -c2 --spread-job", "n[1-4]", "1(x4)", "2(x4)" },
    { "-n3 -c1 --spread-job", "n[1-3]", "1(x3)", "1(x3)" },
    { "-N1-3 -n5 --spread-job", "n[1-3]", "3,1(x2)", "3,1(x2)" },
    { "-N1-4 -n5 --use-min-nodes", "n[1-2]", "4,1", "4,1" },
    { "-N2-4 --use-min-nodes", "n[1-2]", "1(x2)", "1(x2)" },
    { "-n4 --ntasks-per-socket=3", "n[1-2]", "3,1", "3,1" },
    { "-n4 -B 1:4:1", "n1", "4", "4" },
    { "-n4 -B 1", "n1", "4", "4" },
    { "-n2 -B 1:2", "n1", "2", "2" },
    { "-N2 -B 1:4", "n[1-2]", "4(x2)", "4(x2)" },
    { "-n5 -B 2", NULL, NULL, NULL },
    { "-n4 --sockets-per-node=1", "n1", "4", "4" },
    { "-n4 --cores-per-socket=4", "n1", "4", "4" },
    { "-n4 --cores-per-socket=5", NULL, NULL, NULL },
    { "-n4 --threads-per-core=1", "n1", "4", "4" },
    { "-n4 --threads-per-core=2", NULL, NULL, NULL },
    { "-n4 --hint=compute_bound", "n1", "4", "4" },
    { "-n4 --hint=memory_bound", "n1", "4", "4" },
    { "-n4 --hint=multithread", "n1", "4", "4" },
    { "-n4 --hint=nomultithread", "n1", "4", "4" },
    { "--switches=1 -N2", "n[1-2]", "1(x2)", "1(x2)" },
    { "--switches=1@5:00 -N2", "n[1-2]", "1(x2)", "1(x2)" },
    { "--mem=0 -n1", "n1", "1", "1" },
    { "--mem=3000 -n1", NULL, NULL, NULL },
    { "-N2 --time-min=1 -t 5", "n[1-2]", "1(x2)", "1(x2)" },
    { "-n4 -c4 -N2", NULL, NULL, NULL },
    { "-n32", "n[1-8]", "4(x8)", "4(x8)" },
};
static const struct row big_boards[] = {
    { "-n1", "s1", "1", "2" },
    { "-n2", "s1", "2", "2" },
    { "-n3", "s1", "3", "4" },
    { "-n4", "s1", "4", "4" },
    { "-n8", "s1", "8", "8" },
    { "-n9", "s1", "9", "10" },
    { "-n16", "s1", "16", "16" },
    { "-n17", "s[1-2]", "15,2", "16,2" },
    { "-n1 -c1", "s1", "1", "2" },
    { "-n1 -c3", "s1", "1", "4" },
    { "-n2 -c3", "s1", "2", "6" },
    { "-N2", "s[1-2]", "2(x2)", "2(x2)" },
    { "-N2 -n4", "s[1-2]", "2(x2)", "2(x2)" },
    { "-N2 -n5", "s[1-2]", "3,2", "4,2" },
    { "-N2 -n17", "s[1-2]", "15,2", "16,2" },
    { "-N2 -n18", "s[1-2]", "16,2", "16,2" },
    { "-n4 --hint=nomultithread", "s1", "4", "4" },
    { "-n4 --threads-per-core=1", "s1", "4", "4" },
    { "-n4 --threads-per-core=2", "s1", "4", "4" },
    { "-n4 --ntasks-per-core=1", "s1", "4", "8" },
    { "-n4 --ntasks-per-core=2", "s1", "4", "4" },
    { "-n8 --ntasks-per-core=1", "s1", "8", "16" },
    { "-n4 --ntasks-per-socket=2", "s1", "4", "4" },
    { "-n6 --ntasks-per-socket=2", "s[1-2]", "4,2", "4,2" },
    { "-N2 --ntasks-per-socket=2", "s[1-2]", "2(x2)", "2(x2)" },
    { "-N1 --ntasks-per-socket=2", "s1", "2", "2" },
    { "-n4 -B 2:2:1", "s1", "4", "4" },
    { "-n4 -B 2:4:2", "s1", "4", "4" },
    { "-n8 -B 1:4:2", "s1", "8", "8" },
    { "-n4 -B 1:4:1", "s1", "4", "4" },
    { "-n8 -B 2:4:1", "s1", "8", "8" },
    { "-n4 -B 2:1:1", "s1", "4", "4" },
    { "-n4 --hint=memory_bound", "s1", "4", "4" },
    { "-n4 --hint=compute_bound", "s1", "4", "4" },
    { "-n4 --hint=multithread", "s1", "4", "4" },
    { "-n2 --hint=memory_bound", "s1", "2", "2" },
    { "-n20 --hint=nomultithread", NULL, NULL, NULL },
    { "-N2 --hint=nomultithread -n5", "s[1-2]", "4,1", "4,1" },
    { "-n4 --mem-per-cpu=100", "s1", "4", "4" },
    { "-n3 --mem-per-cpu=100", "s1", "3", "4" },
    { "-n1 --mem-per-cpu=1000", "s1", "1", "2" },
    { "--mincpus=3 -n1", "s1", "1", "4" },
    { "-n3 -c2 --threads-per-core=1", "s1", "3", "6" },
    { "-n3 -c2 --hint=nomultithread", "s1", "3", "6" },
    { "-n2 --exclusive", "s1", "2", "16" },
    { "-n5 --exclusive -N2", "s[1-2]", "3,2", "16(x2)" },
};
/* Two nodes of 4 cores with gpu:hailo:2 and camera:1. */
static const struct gres_row {
    struct row row;
    const char *gres;
} gres_boards[] = {
    { { "--gres=gpu:1", "g1", "1", "1" }, "gpu:hailo:1" },
    { { "--gres=gpu", "g1", "1", "1" }, "gpu:hailo:1" },
    { { "--gres=gpu:hailo:2", "g1", "1", "1" }, "gpu:hailo:2" },
    { { "--gres=gpu:2 -N2", "g[1-2]", "1(x2)", "1(x2)" }, "gpu:hailo:4" },
    { { "--gres=gpu:3", NULL, NULL, NULL }, NULL },
    { { "--gres=gpu:foo:1", NULL, NULL, NULL }, NULL },
    { { "--gres=foo:1", NULL, NULL, NULL }, NULL },
    { { "--gres=camera", "g1", "1", "1" }, "camera:1" },
    { { "--gres=gpu:1,camera:1", "g1", "1", "1" }, "gpu:hailo:1,camera:1" },
    { { "--gres=none", "g1", "1", "1" }, "" },
    { { "--gpus=1", "g1", "1", "1" }, "gpu:hailo:1" },
    { { "--gpus=2", "g1", "1", "1" }, "gpu:hailo:2" },
    { { "--gpus=3", "g[1-2]", "1(x2)", "1(x2)" }, "gpu:hailo:3" },
    { { "--gpus=4", "g[1-2]", "1(x2)", "1(x2)" }, "gpu:hailo:4" },
    { { "--gpus=5", NULL, NULL, NULL }, NULL },
    { { "--gpus=3 -N2", "g[1-2]", "1(x2)", "1(x2)" }, "gpu:hailo:3" },
    { { "--gpus=3 -N2 -n4", "g[1-2]", "3,1", "3,1" }, "gpu:hailo:3" },
    { { "--gpus=2 -N2", "g[1-2]", "1(x2)", "1(x2)" }, "gpu:hailo:2" },
    { { "--gpus=hailo:2", "g1", "1", "1" }, "gpu:hailo:2" },
    { { "--gpus=3 -n1", NULL, NULL, NULL }, NULL },
    { { "--gpus=3 -n2", "g[1-2]", "1(x2)", "1(x2)" }, "gpu:hailo:3" },
    { { "--gpus=2 -n3", "g1", "3", "3" }, "gpu:hailo:2" },
    { { "--gpus-per-node=1", "g1", "1", "1" }, "gpu:hailo:1" },
    { { "--gpus-per-node=2 -N2", "g[1-2]", "1(x2)", "1(x2)" }, "gpu:hailo:4" },
    { { "--gpus-per-node=hailo:1 -n6", "g[1-2]", "4,2", "4,2" }, "gpu:hailo:2" },
    { { "--gpus-per-task=1", NULL, NULL, NULL }, NULL },
    { { "--gpus-per-task=1 -n2", "g1", "2", "2" }, "gpu:hailo:2" },
    { { "--gpus-per-task=1 -n3", "g[1-2]", "2,1", "2,1" }, "gpu:hailo:3" },
    { { "--gpus-per-task=2 -n2", "g[1-2]", "1(x2)", "1(x2)" }, "gpu:hailo:4" },
    { { "--gpus-per-task=1 -n4 -c2", "g[1-2]", "2(x2)", "4(x2)" }, "gpu:hailo:4" },
    { { "--gpus-per-task=1 --gpus=3", "g[1-2]", "2,1", "2,1" }, "gpu:hailo:3" },
    { { "--gpus=4 --gpus-per-task=2", "g[1-2]", "1(x2)", "1(x2)" }, "gpu:hailo:4" },
    { { "--gpus-per-socket=1 --sockets-per-node=1", "g1", "1", "1" }, "gpu:hailo:1" },
    { { "--gpus-per-socket=2", NULL, NULL, NULL }, NULL },
    { { "--gpus=2 --cpus-per-gpu=2", "g1", "4", "4" }, "gpu:hailo:2" },
    { { "--gpus=2 --cpus-per-gpu=1 -n2", "g1", "2", "2" }, "gpu:hailo:2" },
    { { "--gpus=2 --cpus-per-gpu=3", "g[1-2]", "3(x2)", "3(x2)" }, "gpu:hailo:2" },
    { { "--gpus=1 --mem-per-gpu=500", "g1", "1", "1" }, "gpu:hailo:1" },
    { { "--gpus=2 --mem-per-gpu=1500", "g[1-2]", "1(x2)", "1(x2)" }, "gpu:hailo:2" },
    { { "--gpus=2 --ntasks-per-gpu=2", "g1", "4", "4" }, "gpu:hailo:2" },
    { { "--gpus=4 --ntasks-per-gpu=1", "g[1-2]", "3,1", "3,1" }, "gpu:hailo:4" },
    { { "-n4 --ntasks-per-gpu=2", "g1", "4", "4" }, "gpu:hailo:2" },
    { { "-n2 --ntasks-per-gpu=1", "g1", "2", "2" }, "gpu:hailo:2" },
    { { "--gpus=2 --gpus-per-node=1 -N2", "g[1-2]", "1(x2)", "1(x2)" }, "gpu:hailo:2" },
    { { "--gres=gpu:1 --gpus=2", "g[1-2]", "1(x2)", "1(x2)" }, "gpu:hailo:2" },
    { { "--gpus=2 --exclusive", "g1", "4", "4" }, "gpu:hailo:2,camera:1" },
    { { "--exclusive", "g1", "4", "4" }, "gpu:hailo:2,camera:1" },
    { { "--gres=gpu:1 -n5", "g[1-2]", "4,1", "4,1" }, "gpu:hailo:2" },
};

static void init(uint32_t count, char prefix, uint32_t sockets, uint32_t cores, uint32_t threads, uint64_t mem_mb)
{
    memset(&w, 0, sizeof(w));
    cluster_conf_defaults(&w.conf);
    w.conf.select_memory = true;
    w.conf.nodes = w.nodes;
    w.conf.parts = w.parts;
    w.conf.num_nodes = count;
    w.conf.num_parts = 1;
    w.parts[0] = (struct part_conf){ .name = "debug", .nodes = "ALL" };
    for (uint32_t i = 0; i < count; i++) {
        snprintf(w.names[i], sizeof(w.names[i]), "%c%u", prefix, i + 1);
        w.nodes[i] = (struct node_conf){ .name = w.names[i],
                                         .mem_mb = mem_mb,
                                         .sockets = sockets,
                                         .cores = cores,
                                         .threads_per_core = threads };
        if (prefix == 'g')
            w.nodes[i].gres = "gpu:hailo:2,camera:1";
    }
    world_start(&w);
    world_register_all(&w);
}

/* The command line's job, submitted as salloc would; 0: refused. */
static uint32_t submit(const char *options)
{
    struct job_options o;
    CLEANUP_FREE char *line = xasprintf("salloc %s", options);
    char *argv[32], *save = NULL;
    int argc = 0, operand;
    uint32_t id = 0;

    for (char *word = strtok_r(line, " ", &save); word && argc < 31; word = strtok_r(NULL, " ", &save))
        argv[argc++] = word;
    argv[argc] = NULL;
    job_options_init(&o, CMD_SALLOC);
    world_spec(&w);
    w.err = (struct error){ 0 };
    if (job_options_from_args(&o, argc, argv, &operand, &w.err) == 0
        && job_options_check(&o, &w.err) == 0) {
        job_options_job_spec(&o, &w.spec);
        w.spec.name = (char *)"job";
        if ((id = world_submit(&w)) != 0)
            world_sched(&w);
    }
    job_options_fini(&o);
    return id;
}

static void check(const struct row *row)
{
    uint32_t id = submit(row->options);
    const Wire__AllocInfo *m;

    if (!row->nodes) {
        ck_assert_msg(!id, "%s is refused by Slurm", row->options);
        return;
    }
    ck_assert_msg(id != 0, "%s: %s", row->options, w.err.text);
    m = cluster_alloc_info(w.c, id, &w.scratch);
    ck_assert_msg(m != NULL, "%s does not start: %s", row->options, world_reason(&w, id));
    ck_assert_msg(!strcmp(m->node_list, row->nodes) && !strcmp(m->tasks_per_node, row->tasks)
                      && !strcmp(m->cpus_per_node, row->cpus),
                  "%s: %s tasks=%s cpus=%s, Slurm gives %s tasks=%s cpus=%s", row->options,
                  m->node_list, m->tasks_per_node, m->cpus_per_node, row->nodes, row->tasks,
                  row->cpus);
}

START_TEST(small_boards_are_filled_as_slurm_fills_them)
{
    init(8, 'n', 1, 4, 1, 2000);
    check(&small_boards[_i]);
    world_check_replay(&w);
    world_fini(&w);
}
END_TEST

START_TEST(boards_with_sockets_and_threads_are_filled_as_slurm_fills_them)
{
    init(2, 's', 2, 8, 2, 4000);
    check(&big_boards[_i]);
    world_check_replay(&w);
    world_fini(&w);
}
END_TEST

START_TEST(accelerators_and_cameras_are_given_out_as_slurm_gives_them)
{
    const struct gres_row *row = &gres_boards[_i];
    uint32_t id;

    init(2, 'g', 1, 4, 1, 2000);
    check(&row->row);
    if (row->gres) {
        const char *gres;

        id = 1;
        gres = cluster_job_gres(w.c, cluster_job_find(w.c, id), &w.scratch);
        ck_assert_msg(!strcmp(gres ? gres : "", row->gres), "%s: %s, Slurm gives %s",
                      row->row.options, gres, row->gres);
        ck_assert_int_eq(world_control(&w, JOB_ACTION_CANCEL, id, WORLD_UID), 0);
    }
    world_check_replay(&w);
    world_fini(&w);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("layout");
    TCase *tc = tcase_create("layout");

    tcase_add_loop_test(tc, small_boards_are_filled_as_slurm_fills_them, 0,
                        (int)ARRAY_SIZE(small_boards));
    tcase_add_loop_test(tc, boards_with_sockets_and_threads_are_filled_as_slurm_fills_them, 0,
                        (int)ARRAY_SIZE(big_boards));
    tcase_add_loop_test(tc, accelerators_and_cameras_are_given_out_as_slurm_gives_them, 0,
                        (int)ARRAY_SIZE(gres_boards));
    suite_add_tcase(s, tc);
    return suite_run(s);
}
