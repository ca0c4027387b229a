#ifndef DFS_CNGHTTP2_SHIM_H
#define DFS_CNGHTTP2_SHIM_H

#include <nghttp2/nghttp2.h>
#include <stddef.h>
#include <string.h>

// Two limits that Debian backports into 1.52 and that other builds of that age lack. Declared weak, so that a library
// without them still links; a build without the symbol leaves the limit at the library's default.
extern void nghttp2_option_set_stream_reset_rate_limit(nghttp2_option *option, uint64_t burst, uint64_t rate)
    __attribute__((weak));
extern void nghttp2_option_set_max_continuations(nghttp2_option *option, size_t value) __attribute__((weak));

// Why: Swift cannot ask whether a weak function is there.
static inline void dfs_nghttp2_limit_floods(nghttp2_option *option, uint64_t reset_burst, uint64_t resets_per_second,
                                            size_t max_continuations) {
    if (nghttp2_option_set_stream_reset_rate_limit != NULL) {
        nghttp2_option_set_stream_reset_rate_limit(option, reset_burst, resets_per_second);
    }
    if (nghttp2_option_set_max_continuations != NULL) {
        nghttp2_option_set_max_continuations(option, max_continuations);
    }
}

// Why: 1.61 renamed these and deprecated the old names; one spelling for both keeps the Swift side free of versions.
static inline ptrdiff_t dfs_nghttp2_receive(nghttp2_session *session, const uint8_t *bytes, size_t count) {
#if NGHTTP2_VERSION_NUM >= 0x013d00
    return nghttp2_session_mem_recv2(session, bytes, count);
#else
    return nghttp2_session_mem_recv(session, bytes, count);
#endif
}

static inline ptrdiff_t dfs_nghttp2_produce(nghttp2_session *session, const uint8_t **bytes) {
#if NGHTTP2_VERSION_NUM >= 0x013d00
    return nghttp2_session_mem_send2(session, bytes);
#else
    return nghttp2_session_mem_send(session, bytes);
#endif
}

// Why: the frame is a C union; naming its member through Swift copies the whole union.
static inline const nghttp2_frame_hd *dfs_nghttp2_frame_head(const nghttp2_frame *frame) { return &frame->hd; }
static inline nghttp2_headers_category dfs_nghttp2_headers_category(const nghttp2_frame *frame) {
    return frame->headers.cat;
}
static inline int32_t dfs_nghttp2_goaway_last_stream(const nghttp2_frame *frame) {
    return frame->goaway.last_stream_id;
}
static inline uint32_t dfs_nghttp2_goaway_error(const nghttp2_frame *frame) { return frame->goaway.error_code; }
// Why: the eight bytes are an array, which Swift sees as a tuple. Their order is ours alone: the peer sends them back.
static inline uint64_t dfs_nghttp2_ping_payload(const nghttp2_frame *frame) {
    uint64_t payload;
    memcpy(&payload, frame->ping.opaque_data, sizeof payload);
    return payload;
}
static inline int dfs_nghttp2_submit_ping(nghttp2_session *session, uint64_t payload) {
    uint8_t bytes[sizeof payload];
    memcpy(bytes, &payload, sizeof payload);
    return nghttp2_submit_ping(session, NGHTTP2_FLAG_NONE, bytes);
}
static inline uint32_t dfs_nghttp2_reset_error(const nghttp2_frame *frame) { return frame->rst_stream.error_code; }

// Why: enumerators whose C type (an anonymous enum) Swift does not convert to the integer the callbacks return.
static const int dfs_nghttp2_would_block = NGHTTP2_ERR_WOULDBLOCK;
static const int dfs_nghttp2_deferred = NGHTTP2_ERR_DEFERRED;
static const int dfs_nghttp2_callback_failure = NGHTTP2_ERR_CALLBACK_FAILURE;
static const int dfs_nghttp2_stream_failure = NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
static const uint32_t dfs_nghttp2_data_eof = NGHTTP2_DATA_FLAG_EOF;
static const uint32_t dfs_nghttp2_data_no_end_stream = NGHTTP2_DATA_FLAG_NO_END_STREAM;
static const uint32_t dfs_nghttp2_data_no_copy = NGHTTP2_DATA_FLAG_NO_COPY;
static const uint8_t dfs_nghttp2_flag_end_stream = NGHTTP2_FLAG_END_STREAM;
static const uint8_t dfs_nghttp2_flag_ack = NGHTTP2_FLAG_ACK;

#endif
