#ifndef DFS_CZLIB_SHIM_H
#define DFS_CZLIB_SHIM_H

#include <zlib.h>

// The library's own init calls are macros with arguments that Swift cannot import; these fix what gRPC's gzip needs:
// a gzip wrapper (RFC 1952) around a window of 32 KiB.
enum { DFS_GZIP_WINDOW_BITS = 15 + 16, DFS_GZIP_MEMORY_LEVEL = 8 };

static inline int dfs_gzip_deflate_init(z_stream *stream) {
    return deflateInit2(stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, DFS_GZIP_WINDOW_BITS, DFS_GZIP_MEMORY_LEVEL,
                        Z_DEFAULT_STRATEGY);
}

static inline int dfs_gzip_inflate_init(z_stream *stream) {
    return inflateInit2(stream, DFS_GZIP_WINDOW_BITS);
}

#endif
