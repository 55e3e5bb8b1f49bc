/*
 * Runs a fuzz target over the files of the given directories and prints TAP: the replay that needs no
 * clang. Directories that do not exist are skipped; the empty input is always tried.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int n_run;

static void replay(const char *name, const uint8_t *data, size_t size)
{
    LLVMFuzzerTestOneInput(data, size);
    printf("ok %d fuzz: %s\n", ++n_run, name);
    fflush(stdout); /* before the next one may crash */
}

static void replay_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f) {
        printf("not ok %d fuzz: cannot open %s\n", ++n_run, path);
        return;
    }
    struct buf text;
    buf_init(&text, BUF_MAX_FILE);
    char chunk[4096];
    size_t n;
    while ((n = fread(chunk, 1, sizeof chunk, f)) > 0)
        buf_add(&text, chunk, n);
    fclose(f);
    /* A copy of exactly that size, so that ASan sees a read past the end. */
    uint8_t *exact = xmalloc(text.len ? text.len : 1);
    memcpy(exact, text.p, text.len);
    replay(path, exact, text.len);
    free(exact);
    buf_free(&text);
}

int main(int argc, char **argv)
{
    replay("the empty input", (const uint8_t *)"", 0);
    for (int i = 1; i < argc; i++) {
        struct dirent **entries = NULL;
        int n = scandir(argv[i], &entries, NULL, alphasort);
        for (int k = 0; k < n; k++) {
            char *path = xasprintf("%s/%s", argv[i], entries[k]->d_name);
            if (entries[k]->d_name[0] != '.')
                replay_file(path);
            free(path);
            free(entries[k]);
        }
        free(entries);
    }
    printf("1..%d\n", n_run);
    return 0;
}
