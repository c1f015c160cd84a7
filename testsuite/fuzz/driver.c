/* driver.c - run a fuzz target without libFuzzer: its corpus, then mutations of it for a short while.
 *
 * The mutations are the same in every run.  FUZZ_SECONDS makes it longer (default 2); arguments are files
 * or folders to use instead of the corpus, without mutations.  An input that ends the program is left in
 * <target>.crash in the current folder. */
#include "config.h"
#include "fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { SEEDS_MAX = 4096, INPUT_MAX = 1 << 20 };

static struct {
    uint8_t *data;
    size_t len;
} seeds[SEEDS_MAX];
static size_t num_seeds;
static const uint8_t *current;
static size_t current_len;
static char crash_name[256];
static pid_t self;

static void on_crash(int signum)
{
    /* not of a child that the code under test made to find out whether it survives */
    int fd = getpid() == self ? open(crash_name, O_WRONLY | O_CREAT | O_TRUNC, 0644) : -1;

    if (fd >= 0 && write(fd, current, current_len) >= 0)
        close(fd);
    signal(signum, SIG_DFL);
    raise(signum);
}

static void run_one(const uint8_t *data, size_t len)
{
    uint8_t *copy = malloc(len ? len : 1); /* exactly sized: a sanitizer sees one byte too far */

    if (!copy)
        abort();
    memcpy(copy, data, len);
    current = copy;
    current_len = len;
    LLVMFuzzerTestOneInput(copy, len);
    free(copy);
}

static void load(const char *path)
{
    struct stat st;
    int fd;

    if (num_seeds == SEEDS_MAX || stat(path, &st) < 0)
        return;
    if (S_ISDIR(st.st_mode)) {
        struct dirent **list;
        int n = scandir(path, &list, NULL, alphasort);

        for (int i = 0; i < n; i++) {
            char child[4096];

            snprintf(child, sizeof child, "%s/%s", path, list[i]->d_name);
            if (list[i]->d_name[0] != '.')
                load(child);
            free(list[i]);
        }
        if (n >= 0)
            free(list);
        return;
    }
    if (st.st_size > INPUT_MAX || (fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
        return;
    seeds[num_seeds].data = malloc((size_t)st.st_size + 1);
    if (seeds[num_seeds].data && read(fd, seeds[num_seeds].data, (size_t)st.st_size) == st.st_size)
        seeds[num_seeds++].len = (size_t)st.st_size;
    close(fd);
}

static uint64_t state = 88172645463325252ull;

static uint32_t roll(uint32_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return below ? (uint32_t)(state >> 32) % below : 0;
}

static size_t mutate(uint8_t *data, size_t len)
{
    static const char *const words[] = { "[", "]", "-", ",", "0", "4294967295", "18446744073709551616", "%",
                                         "\n", "=", "\"", "#SBATCH ", "-1", ":", "infinite", "\xff\xff\xff\xff",
                                         "{", "}", "(", ")", "x", ";" };

    for (uint32_t n = 1 + roll(4); n; n--) {
        size_t at = len ? roll((uint32_t)len) : 0;

        switch (roll(7)) {
        case 0:
            if (len)
                data[at] ^= (uint8_t)(1 << roll(8));
            break;
        case 1:
            if (len)
                data[at] = (uint8_t)roll(256);
            break;
        case 2: /* cut out */
            if (len) {
                size_t gone = 1 + roll((uint32_t)(len - at));

                gone = gone > len - at ? len - at : gone;
                memmove(data + at, data + at + gone, len - at - gone);
                len -= gone;
            }
            break;
        case 3: /* double a piece */
            if (len && len < INPUT_MAX / 2) {
                size_t piece = 1 + roll((uint32_t)(len - at) < 64 ? (uint32_t)(len - at) : 64);

                piece = piece > len - at ? len - at : piece;
                memmove(data + at + piece, data + at, len - at);
                len += piece;
            }
            break;
        case 4: { /* a word that means something to somebody */
            const char *word = words[roll(sizeof words / sizeof words[0])];
            size_t piece = strlen(word);

            memmove(data + at + piece, data + at, len - at);
            memcpy(data + at, word, piece);
            len += piece;
            break;
        }
        case 5: { /* a piece of another seed */
            size_t other = roll((uint32_t)num_seeds), piece;

            if (!seeds[other].len || len > INPUT_MAX / 2)
                break;
            piece = 1 + roll((uint32_t)seeds[other].len);
            piece = piece > 4096 ? 4096 : piece;
            piece = piece > seeds[other].len ? seeds[other].len : piece;
            memmove(data + at + piece, data + at, len - at);
            memcpy(data + at, seeds[other].data, piece);
            len += piece;
            break;
        }
        default:
            len = at;
        }
        if (len > INPUT_MAX)
            len = INPUT_MAX;
    }
    return len;
}

static double now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    const char *name = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
    const char *seconds = getenv("FUZZ_SECONDS"), *srcdir = getenv("srcdir");
    char folder[4096];
    uint8_t *data = malloc(2 * INPUT_MAX + 65536);
    double until = now() + (seconds ? atof(seconds) : 2);
    unsigned long runs = 0;

    if (!strncmp(name, "lt-", 3))
        name += 3;
    if (!data)
        return 1;
    self = getpid();
    snprintf(crash_name, sizeof crash_name, "%.200s.crash", name);
    signal(SIGSEGV, on_crash);
    signal(SIGABRT, on_crash);
    signal(SIGBUS, on_crash);
    signal(SIGFPE, on_crash);
    for (int i = 1; i < argc; i++)
        load(argv[i]);
    if (argc < 2) {
        snprintf(folder, sizeof folder, "%s/testsuite/data/fuzz/%s", srcdir ? srcdir : TEST_SRCDIR,
                 !strncmp(name, "fuzz_", 5) ? name + 5 : name);
        load(folder);
    }
    if (!num_seeds) {
        fprintf(stderr, "%s: no inputs in %s\n", name, argc < 2 ? folder : "the arguments");
        return 1;
    }
    for (size_t i = 0; i < num_seeds; i++, runs++)
        run_one(seeds[i].data, seeds[i].len);
    while (argc < 2 && now() < until) {
        size_t i = roll((uint32_t)num_seeds), len = seeds[i].len;

        memcpy(data, seeds[i].data, len);
        run_one(data, mutate(data, len));
        runs++;
    }
    for (size_t i = 0; i < num_seeds; i++)
        free(seeds[i].data);
    free(data);
    printf("%s: %zu files, %lu runs\n", name, num_seeds, runs);
    return 0;
}
