import NIOCore

/// Cuts the data of one stream into messages. Whole ones are not copied.
package struct MessageDeframer {
    private enum State {
        case prefix
        case message(left: Int)
    }

    private let maxMessageByteCount: Int
    private let copiesParts: Bool
    private var state = State.prefix
    /// The bytes of a prefix that have come, the last one lowest.
    private var prefix: UInt64 = 0
    private var prefixByteCount = 0
    /// What has come of the message in progress.
    private var message: RPCMessage?
    private var isCompressed = false
    /// Bytes taken in since the last whole message, with its prefix.
    private(set) var partialByteCount = 0

    /// Segments below this are copied behind the one before: a peer that sends a message byte by byte must not make us
    /// hold a buffer for each.
    private static let mergeLimit = 4096

    /// - Parameter copiesParts: whether what has come of a message whose rest is still to come is kept in memory of its own,
    ///   so that no input is held for longer than whole messages hold it.
    package init(maxMessageByteCount: Int, copiesParts: Bool = false) {
        self.maxMessageByteCount = maxMessageByteCount
        self.copiesParts = copiesParts
    }

    /// The stream ended here: is that between two messages?
    var isBetweenMessages: Bool { partialByteCount == 0 }

    /// Takes the next bytes and hands each whole message, with the bytes it took on the stream, to `deliver`.
    ///
    /// A compressed message is delivered as it came, and marked.
    ///
    /// - Throws: ``RPCError`` for a message above the limit, and for a flag that gRPC does not know.
    mutating func append(_ data: ByteBuffer, deliver: (RPCMessage, Int) -> Void) throws(RPCError) {
        var data = data
        try append(&data, maxCount: .max, deliver: deliver)
    }

    /// The same, up to `maxCount` messages; what is behind them stays in `data`.
    package mutating func append(
        _ data: inout ByteBuffer, maxCount: Int, deliver: (RPCMessage, Int) -> Void
    ) throws(RPCError) {
        var count = 0
        while count < maxCount {
            switch state {
            case .prefix:
                while prefixByteCount < MessagePrefix.byteCount, let byte: UInt8 = data.readInteger() {
                    prefix = prefix << 8 | UInt64(byte)
                    prefixByteCount += 1
                    partialByteCount += 1
                }
                guard prefixByteCount == MessagePrefix.byteCount else { return }
                state = .message(left: try readPrefix())
                prefix = 0
                prefixByteCount = 0
            case .message(let left):
                let length = min(left, data.readableBytes)
                if length > 0, let slice = data.readSlice(length: length) {
                    add(copiesParts && length < left ? slice.withUnsafeReadableBytes { ByteBuffer(bytes: $0) } : slice)
                    partialByteCount += length
                }
                state = .message(left: left - length)
                guard length == left else { return }
                count += 1
                var whole = message ?? RPCMessage(ByteBuffer())
                whole.wasCompressed = isCompressed
                deliver(whole, partialByteCount)
                message = nil
                partialByteCount = 0
                state = .prefix
            }
        }
    }

    /// - Returns: the length of the message.
    private mutating func readPrefix() throws(RPCError) -> Int {
        let length = Int(prefix & 0xFFFF_FFFF)
        let flag = prefix >> 32
        guard flag <= 1 else {
            throw RPCError(.internalError, "a message has the compressed flag \(flag); it can be 0 or 1")
        }
        isCompressed = flag == 1
        guard length <= maxMessageByteCount else {
            throw RPCError(
                .resourceExhausted,
                "a message of \(length) bytes is above this receiver's limit of \(maxMessageByteCount) bytes")
        }
        return length
    }

    private mutating func add(_ slice: ByteBuffer) {
        if message == nil {
            message = RPCMessage(slice)
        } else {
            message?.append(slice, mergeLimit: Self.mergeLimit)
        }
    }
}
