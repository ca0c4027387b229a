import CNGHTTP2
import NIOCore

/// One side of an HTTP/2 connection (RFC 9113) without any I/O: bytes in, events out, bytes out.
///
/// nghttp2 does the protocol; this class owns its session and keeps the stream data outside of it, so that neither
/// received nor sent data is copied here. Not thread-safe: all calls come from one event loop, and none from within
/// another (the library forbids it); events are therefore recorded and handed out by ``nextEvent()``.
///
/// Moves of a stream: opened by ``submitRequest(_:endStream:)`` or a `headers` event; each side sends headers, data,
/// perhaps trailers; ended by both sides' END_STREAM or by RST_STREAM; then one `closed` event, after which its number
/// means nothing. Calls that name an unknown stream are legal and ignored: the peer may have just reset it.
package final class HTTP2Session {
    package enum Role: Sendable { case client, server }

    package let role: Role
    let settings: HTTP2Settings
    /// The library's. Made in `init`, freed in `deinit`, like ``state``.
    let session: OpaquePointer
    let state: UnsafeMutablePointer<SessionState>

    /// Starts a session and queues its preface and SETTINGS.
    ///
    /// - Throws: ``HTTP2SessionError`` when memory is short.
    package init(role: Role, settings: HTTP2Settings = HTTP2Settings()) throws {
        self.role = role
        self.settings = settings
        session = try Self.makeSession(role: role)
        state = .allocate(capacity: 1)
        state.initialize(to: SessionState(role: role))
        nghttp2_session_set_user_data(session, Unmanaged.passUnretained(self).toOpaque())
        try submitSettings()
    }

    deinit {
        nghttp2_session_del(session)
        state.deinitialize(count: 1)
        state.deallocate()
    }

    /// What frames the peer has sent, and what frames went to it.
    package var frameCounts: FrameCounts { state.pointee.frameCounts }

    /// Bytes of all streams that are queued and not yet framed.
    package var queuedByteCount: Int { state.pointee.queuedByteCount }

    /// Bytes of all streams that were framed so far.
    package var framedByteCount: UInt64 { state.pointee.framedByteCount }

    /// Set whenever HEADERS or DATA was framed; cleared by whoever looks at it.
    package var hasSentHeadersOrData: Bool {
        get { state.pointee.hasSentHeadersOrData }
        set { state.pointee.hasSentHeadersOrData = newValue }
    }

    /// Requests that were reset before the peer let them have a stream. The library keeps them until their turn would have
    /// come.
    package var abandonedRequestCount: Int { state.pointee.abandonedRequestCount }

    /// Streams open now, with those whose requests wait because the peer lets no more of them be open.
    package var openStreamCount: Int { state.pointee.streams.count }

    /// Neither side has anything more to say: the connection can be closed.
    package var isFinished: Bool {
        nghttp2_session_want_read(session) == 0 && nghttp2_session_want_write(session) == 0
    }

    package var wantsToProduce: Bool { nghttp2_session_want_write(session) != 0 }

    /// Names the header block that the peer has begun and not ended; another one has another number.
    package var unfinishedHeaderBlock: UInt64? { state.pointee.openHeaderBlock?.serial }

    func headerBlockBegins(stream id: Int32) {
        state.pointee.headerBlockCount += 1
        state.pointee.openHeaderBlock = (id, state.pointee.headerBlockCount)
    }

    /// Opens a stream with a request. Client only.
    ///
    /// - Returns: the stream's number, or `nil` when the connection takes no new stream (GOAWAY, numbers used up).
    package func submitRequest(_ headers: HeaderBlock, endStream: Bool) -> Int32? {
        guard nghttp2_session_check_request_allowed(session) != 0 else { return nil }
        let id = headers.withNV { fields, count in
            withDataProvider(unless: endStream) { nghttp2_submit_request(session, nil, fields, count, $0, nil) }
        }
        guard id > 0 else { return nil }
        var stream = HTTP2Stream()
        if endStream { stream.outbound.ending = .endStream }
        state.pointee.streams.insert(stream, for: id)
        return id
    }

    /// Answers a request. With `endStream` the block is the whole answer (gRPC: trailers-only).
    package func submitResponse(stream id: Int32, _ headers: HeaderBlock, endStream: Bool) {
        guard let stream = state.pointee.streams.pointer(to: id) else { return }
        if endStream { stream.pointee.outbound.ending = .endStream }
        let result = headers.withNV { fields, count in
            withDataProvider(unless: endStream) { nghttp2_submit_response(session, id, fields, count, $0) }
        }
        if result != 0 { reset(stream: id, .internalError) }
    }

    /// Queues data. The buffer is shared, not copied, until the transport has written it.
    ///
    /// - Parameter head: goes before it.
    package func send(stream id: Int32, head: ShortBytes = .none, _ buffer: ByteBuffer) {
        guard let stream = state.pointee.streams.pointer(to: id) else { return }
        stream.pointee.outbound.append(head, buffer)
        state.pointee.queuedByteCount += Int(head.count) + buffer.readableBytes
        resume(stream, id)
    }

    /// Ends our side after the queued data, with `trailers` if given.
    package func finish(stream id: Int32, trailers: HeaderBlock? = nil) {
        guard let stream = state.pointee.streams.pointer(to: id), case .open = stream.pointee.outbound.ending else {
            return
        }
        stream.pointee.outbound.ending = trailers.map { .trailers($0) } ?? .endStream
        resume(stream, id)
    }

    /// After our side has ended: tells a peer that still sends to stop (RST_STREAM with NO_ERROR, RFC 9113 §8.1).
    package func stopPeerAfterEnd(stream id: Int32) {
        guard let stream = state.pointee.streams.pointer(to: id), !stream.pointee.isRemoteClosed else { return }
        stream.pointee.resetsAfterEnd = true
        if stream.pointee.isLocalClosed { reset(stream: id, .noError) }
    }

    /// Ends the stream at once in both directions; queued data is dropped. One whose request still waits for its turn is gone
    /// with this: the peer never hears of it.
    package func reset(stream id: Int32, _ code: HTTP2ErrorCode) {
        guard let stream = state.pointee.streams.pointer(to: id) else { return }
        stream.pointee.wasReset = true
        dropQueue(of: &stream.pointee)
        // The library makes a request's stream when its turn comes.
        let isWaiting = role == .client && nghttp2_session_find_stream(session, id) == nil
        nghttp2_submit_rst_stream(session, 0, id, code.rawValue)
        if isWaiting { abandonRequest(id, code) }
    }

    private func abandonRequest(_ id: Int32, _ code: HTTP2ErrorCode) {
        _ = state.pointee.streams.remove(id)
        state.pointee.abandonedRequestCount += 1
        state.pointee.events.append(.closed(stream: id, code, wasReset: true))
    }

    /// Bytes queued and not yet framed.
    package func queuedByteCount(stream id: Int32) -> Int {
        state.pointee.streams.pointer(to: id)?.pointee.outbound.byteCount ?? 0
    }

    /// Asks for one `drained` event when the queue falls to the low-water mark.
    package func requestDrained(stream id: Int32) {
        state.pointee.streams.pointer(to: id)?.pointee.outbound.wantsDrained = true
    }

    /// The reader is done with `byteCount` bytes of received data: the peer may send as many more. Also for a stream that
    /// is closed, since its data counts against the connection.
    package func consume(stream id: Int32, byteCount: Int) {
        guard byteCount > 0 else { return }
        if let stream = state.pointee.streams.pointer(to: id), !stream.pointee.isRemoteClosed {
            nghttp2_session_consume(session, id, byteCount)
        } else {
            nghttp2_session_consume_connection(session, byteCount)
        }
    }

    /// The same for the connection's window alone: the peer may send as much on other streams. ``consumeOfStream(_:byteCount:)``
    /// is to follow, unless the stream ends.
    package func consumeOfConnection(byteCount: Int) {
        if byteCount > 0 { nghttp2_session_consume_connection(session, byteCount) }
    }

    /// The same for the stream's window alone.
    package func consumeOfStream(_ id: Int32, byteCount: Int) {
        guard byteCount > 0, let stream = state.pointee.streams.pointer(to: id), !stream.pointee.isRemoteClosed else {
            return
        }
        nghttp2_session_consume_stream(session, id, byteCount)
    }

    /// Asks the peer for a sign of life; ``HTTP2Event/pingAcknowledged(_:)`` follows.
    ///
    /// - Parameter payload: comes back with the answer, and tells it from that to another ping.
    package func ping(payload: UInt64) { _ = dfs_nghttp2_submit_ping(session, payload) }

    /// Streams that the peer lets us have open at once; 2^32 - 1 where it has set no limit.
    package var peerMaxConcurrentStreams: Int {
        Int(nghttp2_session_get_remote_settings(session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS))
    }

    /// The largest header list that the peer takes, counted as in RFC 9113 §6.5.2.
    package var peerMaxHeaderListSize: Int {
        Int(nghttp2_session_get_remote_settings(session, NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE))
    }

    /// First step of a graceful end: tells the peer to open no more streams, without refusing those on their way, and pings it
    /// behind that: its answer says that it knows.
    package func announceShutdown(pinging payload: UInt64) {
        // The library sends no notice to a peer that has said that it opens no more streams.
        if state.pointee.hasReceivedGoAway { return ping(payload: payload) }
        state.pointee.pingBehindGoAway = payload
        nghttp2_submit_shutdown_notice(session)
    }

    /// Tells the peer the last stream that we have taken and why we take no more.
    ///
    /// - Parameter reason: for the peer's logs (the frame's debug data).
    package func goAway(_ code: HTTP2ErrorCode, reason: StaticString = "") {
        let last = nghttp2_session_get_last_proc_stream_id(session)
        nghttp2_submit_goaway(session, 0, last, code.rawValue, reason.utf8Start, reason.utf8CodeUnitCount)
    }

    func dropQueue(of stream: inout HTTP2Stream) {
        state.pointee.queuedByteCount -= stream.outbound.byteCount
        stream.outbound.removeAll()
    }

    private func resume(_ stream: UnsafeMutablePointer<HTTP2Stream>, _ id: Int32) {
        guard stream.pointee.outbound.isDeferred else { return }
        stream.pointee.outbound.isDeferred = false
        nghttp2_session_resume_data(session, id)
    }

    private func submitSettings() throws {
        let entries: [(Int32, Int)] = [
            (Int32(NGHTTP2_SETTINGS_ENABLE_PUSH.rawValue), 0),
            (Int32(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS.rawValue), Int(settings.maxConcurrentStreams)),
            (Int32(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue), settings.streamWindow),
            (Int32(NGHTTP2_SETTINGS_MAX_FRAME_SIZE.rawValue), settings.maxFrameSize),
            (Int32(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE.rawValue), settings.maxHeaderListSize),
        ]
        // ENABLE_PUSH is a client's to send (RFC 9113 §6.5.2).
        let sent = entries.dropFirst(role == .client ? 0 : 1).map {
            nghttp2_settings_entry(settings_id: $0.0, value: UInt32($0.1))
        }
        var result = nghttp2_submit_settings(session, 0, sent, sent.count)
        if result == 0 {
            result = nghttp2_session_set_local_window_size(session, 0, 0, Int32(settings.connectionWindow))
        }
        guard result == 0 else { throw HTTP2SessionError(result: Int(result), doing: "offering settings") }
    }
}

extension HeaderBlock {
    /// Lends the fields in the library's form, for the length of `body` (the library copies them, unless they are permanent).
    func withNV<R>(_ body: (UnsafePointer<nghttp2_nv>?, Int) -> R) -> R {
        if let list = permanentFields { return body(UnsafePointer(list.baseAddress), list.count) }
        return withFields { fields in
            withUnsafeTemporaryAllocation(of: nghttp2_nv.self, capacity: fields.count) { list in
                for index in 0..<fields.count {
                    let (name, value) = fields[index]
                    // The library takes mutable pointers that it only reads.
                    list.initializeElement(
                        at: index,
                        to: nghttp2_nv(
                            name: Self.bytes(name), value: Self.bytes(value), namelen: name.count,
                            valuelen: value.count, flags: UInt8(NGHTTP2_NV_FLAG_NONE.rawValue)))
                }
                return body(list.baseAddress, fields.count)
            }
        }
    }

    private static func bytes(_ buffer: UnsafeRawBufferPointer) -> UnsafeMutablePointer<UInt8>? {
        buffer.baseAddress.map { UnsafeMutableRawPointer(mutating: $0).assumingMemoryBound(to: UInt8.self) }
    }
}
