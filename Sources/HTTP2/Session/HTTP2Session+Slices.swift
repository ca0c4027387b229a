import NIOCore

extension HTTP2Session {
    /// A slice of an input buffer keeps all of the buffer alive.
    private static let maxPinnedFactor = 8

    /// Copies the data of streams that have only a small part of a large input, so that a peer cannot make us keep large
    /// buffers for little data that nobody reads: what is kept alive stays below eight times what the windows allow.
    func unpinInput() {
        let events = state.pointee.events.pending
        let limit = state.pointee.input.storageCapacity / Self.maxPinnedFactor
        var shares: [Int32: Int] = [:]
        var isAnySmall = false
        for case .data(let stream, let data) in events { shares[stream, default: 0] += data.readableBytes }
        for share in shares.values where share < limit { isAnySmall = true }
        guard isAnySmall else { return }
        for (index, event) in events.enumerated() {
            guard case .data(let stream, let data) = event, shares[stream, default: 0] < limit,
                data.storageCapacity > data.readableBytes * Self.maxPinnedFactor
            else { continue }
            events[index] = .data(stream: stream, ByteBuffer(bytes: data.readableBytesView))
        }
    }
}
