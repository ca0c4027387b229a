#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Before anything of the process is opened, the Swift runtime's own descriptors too: where one of the first three is
   closed, the next file or connection would take its number, and messages would be written into a database or to a peer.
   So it is given to nothing; reading from it or writing to it fails as if it were closed. Links into every program. */
__attribute__((constructor(101))) static void dfs_guard_standard_descriptors(void) {
    const int access[] = {O_WRONLY, O_RDONLY, O_RDONLY};
    for (int descriptor = 0; descriptor < 3; descriptor++) {
        if (fcntl(descriptor, F_GETFD) < 0 && errno == EBADF && open("/dev/null", access[descriptor]) < 0) return;
    }
}
