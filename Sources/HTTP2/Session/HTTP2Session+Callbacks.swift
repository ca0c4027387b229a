import CNGHTTP2
import NIOCore

// The library's callbacks: named thunks that unwrap the session and forward. They record events and may submit frames;
// they never receive or produce.

private typealias Frame = UnsafePointer<nghttp2_frame>

/// Lends the session without counting a reference: whoever calls the library holds one.
private func withSession<R>(_ userData: UnsafeMutableRawPointer?, else fallback: R, _ body: (HTTP2Session) -> R) -> R {
    guard let userData else { return fallback }
    return Unmanaged<HTTP2Session>.fromOpaque(userData)._withUnsafeGuaranteedRef(body)
}

let onBeginHeaders: nghttp2_on_begin_headers_callback = { _, frame, userData in
    guard let frame else { return 0 }
    withSession(userData, else: ()) { $0.beginHeaders(frame) }
    return 0
}

let onHeader: nghttp2_on_header_callback2 = { _, _, name, value, _, userData in
    withSession(userData, else: ()) { $0.header(name: name, value: value) }
    return 0
}

let onData: nghttp2_on_data_chunk_recv_callback = { _, _, streamID, bytes, count, userData in
    guard let bytes else { return 0 }
    withSession(userData, else: ()) { $0.data(stream: streamID, UnsafeRawBufferPointer(start: bytes, count: count)) }
    return 0
}

let onFrameReceived: nghttp2_on_frame_recv_callback = { _, frame, userData in
    guard let frame else { return 0 }
    withSession(userData, else: ()) { $0.frameReceived(frame) }
    return 0
}

let onFrameSent: nghttp2_on_frame_send_callback = { _, frame, userData in
    guard let frame else { return 0 }
    withSession(userData, else: ()) { $0.frameSent(dfs_nghttp2_frame_head(frame).pointee) }
    return 0
}

let onFrameNotSent: nghttp2_on_frame_not_send_callback = { _, frame, _, userData in
    guard let frame else { return 0 }
    withSession(userData, else: ()) { $0.frameNotSent(frame) }
    return 0
}

let onStreamClosed: nghttp2_on_stream_close_callback = { _, streamID, code, userData in
    withSession(userData, else: ()) { $0.streamClosed(streamID, HTTP2ErrorCode(rawValue: code)) }
    return 0
}

let onSendData: nghttp2_send_data_callback = { _, frame, head, count, _, userData in
    guard let frame, let head else { return dfs_nghttp2_callback_failure }
    let streamID = dfs_nghttp2_frame_head(frame).pointee.stream_id
    return withSession(userData, else: dfs_nghttp2_callback_failure) {
        $0.sendData(stream: streamID, head: UnsafeRawBufferPointer(start: head, count: 9), count: count)
    }
}

let onReadLength: nghttp2_data_source_read_length_callback = { _, _, _, connectionWindow, streamWindow, frameSize, _ in
    // The library keeps DATA frames at 16 KiB unless this says more. It cuts the answer to the windows itself.
    min(Int(frameSize), HTTP2Session.maxSentFrameSize)
}

private let onReadData: nghttp2_data_source_read_callback = { _, streamID, _, limit, flags, _, userData in
    guard let flags else { return Int(dfs_nghttp2_callback_failure) }
    return withSession(userData, else: Int(dfs_nghttp2_callback_failure)) {
        $0.readData(stream: streamID, limit: limit, flags: &flags.pointee)
    }
}

extension HTTP2Session {
    /// Larger frames save little and make the other streams of the connection wait longer.
    static let maxSentFrameSize = 256 << 10

    /// Received pieces below this are copied, so that a few bytes do not keep a large input buffer alive.
    private static let sliceLimit = 4096

    /// Lends what makes the library ask for the stream's data, or `nil` where none follows the headers.
    func withDataProvider<R>(unless endStream: Bool, _ body: (UnsafePointer<nghttp2_data_provider>?) -> R) -> R {
        if endStream { return body(nil) }
        var provider = nghttp2_data_provider(source: nghttp2_data_source(), read_callback: onReadData)
        return withUnsafePointer(to: &provider) { body($0) }
    }

    fileprivate func beginHeaders(_ frame: UnsafePointer<nghttp2_frame>) {
        let id = dfs_nghttp2_frame_head(frame).pointee.stream_id
        headerBlockBegins(stream: id)
        state.pointee.isTrailers = dfs_nghttp2_headers_category(frame) == NGHTTP2_HCAT_HEADERS
        if state.pointee.isTrailers { state.pointee.trailers.begin() } else { state.pointee.firstHeaders.begin() }
        if role == .server, state.pointee.streams.pointer(to: id) == nil {
            state.pointee.streams.insert(HTTP2Stream(), for: id)
        }
    }

    fileprivate func header(name: OpaquePointer?, value: OpaquePointer?) {
        let limit = settings.maxHeaderListSize
        if state.pointee.isTrailers {
            state.pointee.trailers.append(name: name, value: value, maxListSize: limit)
        } else {
            state.pointee.firstHeaders.append(name: name, value: value, maxListSize: limit)
        }
    }

    fileprivate func data(stream id: Int32, _ bytes: UnsafeRawBufferPointer) {
        state.pointee.hasDataOfFrame = true
        guard state.pointee.streams.pointer(to: id) != nil, let start = bytes.baseAddress,
            let inputStart = state.pointee.inputStart
        else {
            // The library consumes nothing by itself; data of a stream that we have forgotten is consumed here.
            nghttp2_session_consume_connection(session, bytes.count)
            return
        }
        let offset = start - inputStart
        let isInInput = offset >= 0 && offset + bytes.count <= state.pointee.input.readableBytes
        if isInInput, bytes.count >= Self.sliceLimit,
            let slice = state.pointee.input.getSlice(at: state.pointee.input.readerIndex + offset, length: bytes.count)
        {
            state.pointee.hasSlices = true
            state.pointee.events.append(.data(stream: id, slice))
        } else {
            state.pointee.events.append(.data(stream: id, ByteBuffer(bytes: bytes)))
        }
    }

    fileprivate func frameReceived(_ frame: UnsafePointer<nghttp2_frame>) {
        let head = dfs_nghttp2_frame_head(frame).pointee
        let isEnd = head.flags & dfs_nghttp2_flag_end_stream != 0
        // Nothing comes between a header block and its end (RFC 9113 §6.10): whatever this is, the block is over.
        state.pointee.openHeaderBlock = nil
        count(head, isEnd: isEnd)
        switch UInt32(head.type) {
        case NGHTTP2_HEADERS.rawValue:
            guard let stream = state.pointee.streams.pointer(to: head.stream_id) else { return }
            if isEnd { stream.pointee.isRemoteClosed = true }
            let block = state.pointee.isTrailers ? state.pointee.trailers.end() : state.pointee.firstHeaders.end()
            state.pointee.events.append(.headers(stream: head.stream_id, block, isEnd: isEnd))
        case NGHTTP2_DATA.rawValue:
            guard isEnd, let stream = state.pointee.streams.pointer(to: head.stream_id) else { return }
            stream.pointee.isRemoteClosed = true
            state.pointee.events.append(.endOfStream(stream: head.stream_id))
        case NGHTTP2_RST_STREAM.rawValue:
            state.pointee.streams.pointer(to: head.stream_id)?.pointee.wasReset = true
        case NGHTTP2_SETTINGS.rawValue:
            if head.flags & dfs_nghttp2_flag_ack == 0 { state.pointee.events.append(.settings) }
        case NGHTTP2_PING.rawValue:
            let isAnswer = head.flags & dfs_nghttp2_flag_ack != 0
            state.pointee.events.append(isAnswer ? .pingAcknowledged(dfs_nghttp2_ping_payload(frame)) : .pinged)
        case NGHTTP2_GOAWAY.rawValue:
            state.pointee.hasReceivedGoAway = true
            let code = HTTP2ErrorCode(rawValue: dfs_nghttp2_goaway_error(frame))
            state.pointee.events.append(.goAway(lastStream: dfs_nghttp2_goaway_last_stream(frame), code))
        default:
            break
        }
    }

    private func count(_ head: nghttp2_frame_hd, isEnd: Bool) {
        let type = UInt32(head.type)
        let isWork =
            type == NGHTTP2_HEADERS.rawValue || type == NGHTTP2_DATA.rawValue && (state.pointee.hasDataOfFrame || isEnd)
        if isWork { state.pointee.frameCounts.work += 1 } else { state.pointee.frameCounts.control += 1 }
        state.pointee.hasDataOfFrame = false
    }

    fileprivate func frameSent(_ head: nghttp2_frame_hd) {
        let type = UInt32(head.type)
        guard type == NGHTTP2_HEADERS.rawValue || type == NGHTTP2_DATA.rawValue else {
            if type == NGHTTP2_GOAWAY.rawValue, let payload = state.pointee.pingBehindGoAway.take() {
                ping(payload: payload)
            }
            return
        }
        state.pointee.hasSentHeadersOrData = true
        state.pointee.frameCounts.work += 1
        guard head.flags & dfs_nghttp2_flag_end_stream != 0,
            let stream = state.pointee.streams.pointer(to: head.stream_id)
        else { return }
        stream.pointee.isLocalClosed = true
        if stream.pointee.resetsAfterEnd && !stream.pointee.isRemoteClosed { reset(stream: head.stream_id, .noError) }
    }

    /// Headers could not be sent. A request (GOAWAY came first) never gets a close callback; an answer (larger than the
    /// library sends) would leave its stream open for ever. A request that was given up is here when its turn comes.
    fileprivate func frameNotSent(_ frame: UnsafePointer<nghttp2_frame>) {
        let head = dfs_nghttp2_frame_head(frame).pointee
        guard UInt32(head.type) == NGHTTP2_HEADERS.rawValue else { return }
        if role == .server { return reset(stream: head.stream_id, .internalError) }
        guard var stream = state.pointee.streams.remove(head.stream_id) else {
            let isRequest = dfs_nghttp2_headers_category(frame) == NGHTTP2_HCAT_REQUEST
            if isRequest { state.pointee.abandonedRequestCount -= 1 }
            return
        }
        dropQueue(of: &stream)
        state.pointee.events.append(.closed(stream: head.stream_id, .refusedStream, wasReset: true))
    }

    fileprivate func streamClosed(_ id: Int32, _ code: HTTP2ErrorCode) {
        if state.pointee.openHeaderBlock?.stream == id { state.pointee.openHeaderBlock = nil }
        guard var stream = state.pointee.streams.remove(id) else { return }
        dropQueue(of: &stream)
        state.pointee.events.append(.closed(stream: id, code, wasReset: stream.wasReset || code != .noError))
    }

    fileprivate func readData(stream id: Int32, limit: Int, flags: inout UInt32) -> Int {
        guard let stream = state.pointee.streams.pointer(to: id) else { return Int(dfs_nghttp2_deferred) }
        let count = min(limit, stream.pointee.outbound.byteCount)
        let isLast = count == stream.pointee.outbound.byteCount
        flags |= dfs_nghttp2_data_no_copy
        guard isLast else { return count }
        switch stream.pointee.outbound.takeEnding() {
        case .open:
            if count == 0 {
                stream.pointee.outbound.isDeferred = true
                return Int(dfs_nghttp2_deferred)
            }
        case .endStream:
            flags |= dfs_nghttp2_data_eof
        case .trailers(let block):
            flags |= dfs_nghttp2_data_eof | dfs_nghttp2_data_no_end_stream
            let result = block.withNV { nghttp2_submit_trailer(session, id, $0, $1) }
            if result != 0 { reset(stream: id, .internalError) }
        }
        return count
    }

    fileprivate func sendData(stream id: Int32, head: UnsafeRawBufferPointer, count: Int) -> Int32 {
        if state.pointee.output.byteCount >= state.pointee.outputBudget { return dfs_nghttp2_would_block }
        // The library sends no data of a stream it has closed, and the table follows its closing.
        guard let stream = state.pointee.streams.pointer(to: id) else { return dfs_nghttp2_callback_failure }
        // The frame was held back, by the budget, when the stream was reset: its bytes are gone. The library drops it, and
        // the RST_STREAM that waits behind it goes out.
        if stream.pointee.wasReset { return dfs_nghttp2_stream_failure }
        guard count <= stream.pointee.outbound.byteCount else { return dfs_nghttp2_callback_failure }
        state.pointee.output.append(head)
        stream.pointee.outbound.move(count, to: &state.pointee.output)
        state.pointee.queuedByteCount -= count
        state.pointee.framedByteCount += UInt64(count)
        if stream.pointee.outbound.wantsDrained, stream.pointee.outbound.byteCount <= Self.lowWaterMark {
            stream.pointee.outbound.wantsDrained = false
            state.pointee.events.append(.drained(stream: id))
        }
        return 0
    }
}
