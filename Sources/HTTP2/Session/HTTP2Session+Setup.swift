import CNGHTTP2

extension HTTP2Session {
    /// Bytes below which a waiting sender is told to go on.
    package static let lowWaterMark = 256 << 10

    /// The largest header list that the library sends. It counts less for each field than RFC 9113 §6.5.2 does, so no list
    /// within this is refused.
    package static let maxSentHeaderListSize = 64 << 10

    /// A peer may reset this many streams at once, and this many a second, before the library ends the connection
    /// (CVE-2023-44487).
    private static let resetBurst: UInt64 = 1000
    private static let resetsPerSecond: UInt64 = 33
    /// CONTINUATION frames in one header block.
    private static let maxContinuations = 8

    static func makeSession(role: Role) throws -> OpaquePointer {
        var callbacks: OpaquePointer?
        var option: OpaquePointer?
        var session: OpaquePointer?
        defer {
            nghttp2_session_callbacks_del(callbacks)
            nghttp2_option_del(option)
        }
        guard nghttp2_session_callbacks_new(&callbacks) == 0, nghttp2_option_new(&option) == 0,
            let callbacks, let option
        else { throw HTTP2SessionError(.ours, "HTTP/2: no memory for a session") }
        configure(option: option)
        install(callbacks: callbacks)
        let result =
            switch role {
            case .client: nghttp2_session_client_new2(&session, callbacks, nil, option)
            case .server: nghttp2_session_server_new2(&session, callbacks, nil, option)
            }
        guard result == 0, let session else {
            throw HTTP2SessionError(result: Int(result), doing: "starting a session")
        }
        return session
    }

    private static func configure(option: OpaquePointer) {
        // Windows open when the reader has read, not when bytes arrive: that is what bounds memory.
        nghttp2_option_set_no_auto_window_update(option, 1)
        nghttp2_option_set_no_closed_streams(option, 1)
        // Go masters send messages with outer spaces; without this the library drops the whole field.
        nghttp2_option_set_no_rfc9113_leading_and_trailing_ws_validation(option, 1)
        dfs_nghttp2_limit_floods(option, resetBurst, resetsPerSecond, maxContinuations)
    }

    private static func install(callbacks: OpaquePointer) {
        nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, onBeginHeaders)
        nghttp2_session_callbacks_set_on_header_callback2(callbacks, onHeader)
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, onData)
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, onFrameReceived)
        nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, onFrameSent)
        nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, onFrameNotSent)
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, onStreamClosed)
        nghttp2_session_callbacks_set_send_data_callback(callbacks, onSendData)
        nghttp2_session_callbacks_set_data_source_read_length_callback(callbacks, onReadLength)
    }
}
