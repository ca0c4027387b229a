import CNGHTTP2
import NIOCore

// Bytes in, events out; and bytes out.
extension HTTP2Session {
    /// Takes bytes from the peer. What they mean is in ``takeEvents()`` afterwards.
    ///
    /// - Throws: ``HTTP2SessionError`` when the session is beyond repair. A peer's protocol error that HTTP/2 answers
    ///   with GOAWAY does not throw: produce, then find ``isFinished``.
    package func receive(_ buffer: ByteBuffer) throws {
        give(buffer)
        while try receiveNext() {}
    }

    /// Gives bytes from the peer, to be taken by ``receiveNext()`` before more are given.
    package func give(_ buffer: ByteBuffer) { state.pointee.input = buffer }

    /// Gives back memory that only receiving needs. To be called when all that was given was taken.
    package func rest() { state.pointee.input = ByteBuffer() }

    /// Takes some of the bytes given: at most up to the end of the peer's side of one stream. What they mean is in
    /// ``nextEvent()`` afterwards.
    ///
    /// - Returns: false when there are none left.
    /// - Throws: as ``receive(_:)``; the bytes left are gone then.
    package func receiveNext() throws -> Bool {
        guard state.pointee.input.readableBytes > 0 else { return false }
        state.pointee.hasSlices = false
        let (count, result) = state.pointee.input.withUnsafeReadableBytes { bytes in
            let count = state.pointee.streamEnds.next(in: bytes)
            state.pointee.inputStart = bytes.baseAddress
            return (count, dfs_nghttp2_receive(session, bytes.assumingMemoryBound(to: UInt8.self).baseAddress, count))
        }
        state.pointee.inputStart = nil
        if state.pointee.hasSlices { unpinInput() }
        if result >= 0, count < state.pointee.input.readableBytes {
            state.pointee.input.moveReaderIndex(forwardBy: count)
        } else {
            state.pointee.input = ByteBuffer()
        }
        guard result >= 0 else { throw HTTP2SessionError(result: result, doing: "reading from the peer") }
        return true
    }

    /// What the bytes taken mean, one event after the other, in order.
    package func nextEvent() -> HTTP2Event? { state.pointee.events.popFirst() }

    /// The events that wait, in order.
    package func takeEvents() -> [HTTP2Event] {
        var taken: [HTTP2Event] = []
        while let event = nextEvent() { taken.append(event) }
        return taken
    }

    /// Frames what waits for the peer, until about `budget` bytes are framed and not taken (one frame more at the most).
    ///
    /// - Throws: ``HTTP2SessionError`` when the session is beyond repair.
    package func frame(budget: Int) throws {
        state.pointee.outputBudget = budget
        while state.pointee.output.byteCount < budget {
            var start: UnsafePointer<UInt8>?
            let count = dfs_nghttp2_produce(session, &start)
            guard count >= 0 else { throw HTTP2SessionError(result: count, doing: "framing") }
            guard count > 0 else { break }
            state.pointee.output.append(UnsafeRawBufferPointer(start: start, count: count))
        }
    }

    /// Bytes that are framed and not taken.
    package var outputByteCount: Int { state.pointee.output.byteCount }

    /// The bytes that are framed.
    package func takeOutput() -> [ByteBuffer] { state.pointee.output.take() }

    /// Frames for the peer, about `budget` bytes of them (one frame more at the most). Empty: nothing to send now.
    ///
    /// - Throws: as ``frame(budget:)``.
    package func produce(budget: Int) throws -> [ByteBuffer] {
        try frame(budget: budget)
        return takeOutput()
    }
}
