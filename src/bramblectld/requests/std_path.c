/* std_path.c - file name patterns of a job: %A %a %j %J %N %n %t %s %u %x %%, with a width as in %4j. */
#include "config.h"

#include <ctype.h>
#include <string.h>

#include "bramblectld/requests/std_path.h"
#include "cluster/cluster.h"
#include "util/strbuf.h"

#define WIDTH_MAX 10

const char *std_path_expand(const struct job_view *job, const char *pattern, struct arena *a)
{
    CLEANUP_STRBUF struct strbuf sb = STRBUF_INIT;
    const char *dir = job->spec->work_dir ? job->spec->work_dir : "";
    if (!pattern)
        pattern = "slurm-%j.out";
    if (pattern[0] != '/')
        strbuf_addf(&sb, "%s/", dir);
    for (const char *p = pattern; *p; p++) {
        int width = 0;
        const char *spec = p + 1;
        if (*p != '%') {
            strbuf_addc(&sb, *p);
            continue;
        }
        while (isdigit((unsigned char)*spec) && width <= WIDTH_MAX)
            width = width * 10 + (*spec++ - '0');
        if (width > WIDTH_MAX)
            width = WIDTH_MAX;
        switch (*spec) {
        case '%':
            strbuf_addc(&sb, '%');
            break;
        case 'A':
            strbuf_addf(&sb, "%0*u", width, job->array_id ? job->array_id : job->job_id);
            break;
        case 'j':
        case 'J':
            strbuf_addf(&sb, "%0*u", width, job->job_id);
            break;
        case 'a':
            strbuf_addf(&sb, "%0*u", width, job->task_id);
            break;
        case 'n':
        case 't':
            strbuf_addf(&sb, "%0*u", width, 0u);
            break;
        case 's':
            strbuf_add(&sb, "batch");
            break;
        case 'N':
            strbuf_add(&sb, job->batch_host ? job->batch_host : "%N");
            break;
        case 'u':
            strbuf_add(&sb, job->identity && job->identity->user_name ? job->identity->user_name : "%u");
            break;
        case 'x':
            strbuf_add(&sb, job->name ? job->name : "");
            break;
        default:
            strbuf_addc(&sb, '%');
            continue;
        }
        p = spec;
    }
    return arena_strdup(a, strbuf_str(&sb));
}

const char *std_path_given(const struct job_view *job, const char *pattern, struct arena *a)
{
    CLEANUP_STRBUF struct strbuf sb = STRBUF_INIT;
    if (!pattern || pattern[0] == '/')
        return pattern;
    strbuf_addf(&sb, "%s/%s", job->spec->work_dir ? job->spec->work_dir : "", pattern);
    return arena_strdup(a, strbuf_str(&sb));
}
