/* Kills the program in the middle of one change to a file, or makes it and all later ones fail. Preloaded before the C
 * library, which the program changes files through. Changes are counted from 1 among those whose path contains
 * FAULT_PLACE:
 *   FAULT_AT     the change to strike; 0 strikes none
 *   FAULT_ERROR  the errno that it and all later ones fail with; 0 kills instead
 *   FAULT_LOG    a file that is told the change that was struck, or, when none was, how many there were */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static const char *place;
static long at, error, count, struck;

#define REAL(function) ((__typeof__(&function))dlsym(RTLD_NEXT, #function))

static void tell(const char *format, const char *what, const char *path, long number) {
    char text[4300];
    int length = snprintf(text, sizeof text, format, what, path, number);
    int fd = open(getenv("FAULT_LOG"), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd >= 0 && REAL(write)(fd, text, length) == length) close(fd);
}

__attribute__((constructor)) static void begin(void) {
    place = getenv("FAULT_PLACE");
    at = atol(getenv("FAULT_AT"));
    error = atol(getenv("FAULT_ERROR"));
}

__attribute__((destructor)) static void end(void) {
    if (!struck) tell("%s%s%ld", "", "", count);
}

/* Whether this change is struck. A disk that is full stays full. */
static int strikes(const char *path) {
    if (!place || !strstr(path, place)) return 0;
    long number = __atomic_add_fetch(&count, 1, __ATOMIC_SEQ_CST);
    return at && (error ? number >= at : number == at);
}

static int fail(const char *what, const char *path) {
    if (!error || !__atomic_exchange_n(&struck, 1, __ATOMIC_SEQ_CST)) tell("%s %s", what, path, 0);
    if (!error) {
        kill(getpid(), SIGKILL);
        pause();
    }
    errno = error;
    return -1;
}

static const char *path_of(int fd, char *path, size_t size) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, size - 1);
    path[length < 0 ? 0 : length] = 0;
    return path;
}

/* The first half of what was to be written is there when the program dies. */
#define WRITE(name, more, ...)                                                                   \
    {                                                                                            \
        char path[4096];                                                                         \
        if (!strikes(path_of(fd, path, sizeof path))) return REAL(name)(fd, bytes, size more);   \
        if (!error) REAL(name)(fd, bytes, size / 2 more);                                        \
        return fail("write", path);                                                              \
    }
#define OFFSET , offset

ssize_t write(int fd, const void *bytes, size_t size) WRITE(write, )
ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset) WRITE(pwrite, OFFSET)
ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset) WRITE(pwrite64, OFFSET)

#define CHANGE(name, path, ...) { return strikes(path) ? fail(#name, path) : REAL(name)(__VA_ARGS__); }

int rename(const char *from, const char *to) CHANGE(rename, to, from, to)
int link(const char *from, const char *to) CHANGE(link, to, from, to)
int linkat(int a, const char *from, int b, const char *to, int flags) CHANGE(linkat, to, a, from, b, to, flags)
int mkdir(const char *path, mode_t mode) CHANGE(mkdir, path, path, mode)
int unlink(const char *path) CHANGE(unlink, path, path)
int unlinkat(int fd, const char *path, int flags) CHANGE(unlinkat, path, fd, path, flags)
