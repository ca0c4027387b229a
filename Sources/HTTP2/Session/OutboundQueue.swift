import NIOCore

/// Bytes of one stream that wait to be framed, and how the stream ends after them.
struct OutboundQueue {
    enum Ending {
        case open
        case endStream
        case trailers(HeaderBlock)
    }

    private(set) var byteCount = 0
    private var buffers = InlineQueue<ByteBuffer>()
    var ending = Ending.open
    /// The library was told that there is nothing to send; it must be told when there is again.
    var isDeferred = false
    /// Somebody waits for ``HTTP2Event/drained(stream:)``.
    var wantsDrained = false

    mutating func append(_ buffer: ByteBuffer) {
        guard buffer.readableBytes > 0 else { return }
        byteCount += buffer.readableBytes
        buffers.append(buffer)
    }

    /// Moves exactly `count` bytes to `output`. `count` is at most ``byteCount``.
    mutating func move(_ count: Int, to output: inout OutputBuffers) {
        var left = count
        while left > 0, var buffer = buffers.popFirst() {
            if buffer.readableBytes > left, let slice = buffer.readSlice(length: left) {
                output.append(slice)
                buffers.prepend(buffer)
                left = 0
            } else {
                left -= buffer.readableBytes
                output.append(buffer)
            }
        }
        byteCount -= count
    }

    mutating func removeAll() {
        buffers.removeAll()
        byteCount = 0
    }
}

/// Bytes on their way to the transport: small pieces gathered in one buffer, large ones passed on as they are.
struct OutputBuffers {
    /// Below this, copying into the gathering buffer is cheaper than one more element of a gathered write.
    private static let copyLimit = 1024
    /// What the gathering buffer starts with: a turn with a few answers.
    private static let gatheringSize = 4096

    private var done: [ByteBuffer] = []
    private var gathering = ByteBuffer()
    private(set) var byteCount = 0

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        makeGatheringBuffer()
        gathering.writeBytes(bytes)
        byteCount += bytes.count
    }

    mutating func append(_ buffer: ByteBuffer) {
        byteCount += buffer.readableBytes
        if buffer.readableBytes < Self.copyLimit {
            makeGatheringBuffer()
            gathering.writeImmutableBuffer(buffer)
        } else {
            flushGathering()
            done.append(buffer)
        }
    }

    /// Everything so far, in order; nothing is left.
    mutating func take() -> [ByteBuffer] {
        flushGathering()
        byteCount = 0
        defer { done = [] }
        return done
    }

    private mutating func makeGatheringBuffer() {
        if gathering.capacity == 0 { gathering = ByteBufferAllocator().buffer(capacity: Self.gatheringSize) }
    }

    private mutating func flushGathering() {
        guard gathering.readableBytes > 0 else { return }
        done.append(gathering)
        gathering = ByteBuffer()
    }
}
