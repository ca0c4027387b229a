import DequeModule
import NIOCore

/// Received bytes of one call that become several messages, or a part of one: cut into messages ahead of the reader, up to
/// a limit; the rest waits as it came.
final class InboundMessages {
    /// The window bounds the bytes of messages cut out ahead, but an empty message takes five bytes of the window and many
    /// more of memory.
    private static let maxCount = 256

    private var deframer: MessageDeframer
    private var messages = Deque<(message: RPCMessage, byteCount: Int)>()
    private var messageByteCount = 0
    /// What came while there were enough messages.
    private var backlog = InboundBacklog()
    /// What is wrong with the bytes behind the last message.
    private(set) var failure: RPCError?

    /// - Parameter copiesParts: as in ``MessageDeframer``.
    init(maxMessageByteCount: Int, copiesParts: Bool) {
        deframer = MessageDeframer(maxMessageByteCount: maxMessageByteCount, copiesParts: copiesParts)
    }

    /// All that came has been cut into messages, but for the last one where it is not whole.
    var isDeframed: Bool { backlog.isEmpty }
    var isBetweenMessages: Bool { deframer.isBetweenMessages }
    /// Bytes of the message in progress.
    var partialByteCount: Int { deframer.partialByteCount }
    /// Bytes received of whole messages, and of what was not looked at.
    var waitingByteCount: Int { messageByteCount + backlog.byteCount }

    func append(_ data: ByteBuffer) {
        guard failure == nil else { return }
        backlog.append(data)
        deframe()
    }

    func popFirst() -> RPCMessage? {
        guard let first = messages.popFirst() else { return nil }
        messageByteCount -= first.byteCount
        deframe()
        return first.message
    }

    private func deframe() {
        while messages.count < Self.maxCount, var data = backlog.popFirst() {
            do {
                try deframer.append(&data, maxCount: Self.maxCount - messages.count) { message, byteCount in
                    messages.append((message, byteCount))
                    messageByteCount += byteCount
                }
            } catch {
                backlog.removeAll()
                failure = error
                return
            }
            backlog.prepend(data)
        }
    }
}
