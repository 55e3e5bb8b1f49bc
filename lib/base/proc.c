#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/diag.h"

static void hold_descriptor(int fd)
{
    if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
        return;
    int null = open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDWR);
    if (null >= 0 && null != fd) {
        dup2(null, fd);
        close(null);
    }
}

void proc_init(const char *tool)
{
    bool has_stdout = fcntl(STDOUT_FILENO, F_GETFD) >= 0;
    for (int fd = 0; fd < 3; fd++)
        hold_descriptor(fd);
    setlocale(LC_ALL, "C");
    signal(SIGPIPE, SIG_DFL);
    sigset_t pipe_set;
    sigemptyset(&pipe_set);
    sigaddset(&pipe_set, SIGPIPE);
    sigprocmask(SIG_UNBLOCK, &pipe_set, NULL);
    diag_init(tool);
    if (!has_stdout) {
        diag(DIAG_ERROR, NULL, NULL, "stdout is closed; records have nowhere to go");
        exit(EXIT_ENV);
    }
}

bool write_all(int fd, const void *p, size_t n)
{
    const char *s = p;
    while (n > 0) {
        ssize_t w = write(fd, s, n);
        if (w < 0 && errno == EINTR)
            continue;
        if (w < 0)
            return false;
        s += w;
        n -= (size_t)w;
    }
    return true;
}

void out_write(const void *p, size_t n)
{
    if (write_all(STDOUT_FILENO, p, n))
        return;
    diag(DIAG_ERROR, NULL, NULL, "cannot write to stdout: %s", strerror(errno));
    exit(EXIT_ENV);
}

int proc_finish(int code)
{
    if (close(STDOUT_FILENO) == 0)
        return code;
    diag(DIAG_ERROR, NULL, NULL, "cannot write to stdout: %s", strerror(errno));
    return EXIT_ENV;
}
