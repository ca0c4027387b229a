import DFSCore
import DFSServices
import Synchronization

/// How far one chunk's fetch has come, over all replicas tried.
///
/// The chunk is written from its start, or from the first byte wanted, without holes, up to ``position``; a replica that
/// fails leaves that much to the next one.
final class FetchStanding: Sendable {
    /// What the whole chunk must be, as far as known.
    struct Expectation {
        var length: Int?
        var crc32c: UInt32?
    }

    private struct State {
        var expected: Expectation
        var position: Int
        var crc32c: UInt32 = 0
        var isVerified = false
        /// Whether the expectation was only read off another replica.
        var isMeasured = false
        var isGrowing = false
        var hedge: String?
        /// Servers that have failed since this round began.
        var failed: Set<String> = []
        /// Who gave bytes that were taken, in order; and who is suspected to hold wrong ones.
        var givers: [String] = []
        var suspects: [String] = []
        var localError: DFSError?
        var lastError: DFSError?
    }

    private let state: Mutex<State>
    private let isRewritable: Bool
    /// The bytes of the chunk that are wanted; it may end before them.
    let wanted: Range<Int>

    /// - Parameter isRewritable: otherwise bytes that turn out to be wrong end the fetch.
    init(expected: Expectation, wanted: Range<Int> = 0..<Int.max, isRewritable: Bool = true) {
        self.isRewritable = isRewritable
        self.wanted = wanted
        state = Mutex(State(expected: expected, position: wanted.lowerBound))
    }

    /// Up to where the chunk is written, or on its way to the file.
    var position: Int { state.withLock { $0.position } }
    /// Bytes that are written so.
    var byteCount: Int { position - wanted.lowerBound }
    /// CRC-32C of those bytes.
    var crc32c: UInt32 { state.withLock { $0.crc32c } }
    /// Whether the whole chunk was compared with a known length and checksum.
    var isVerified: Bool { state.withLock { $0.isVerified } }
    /// Whether nobody has said how long the chunk is.
    var isLengthUnknown: Bool { state.withLock { $0.expected.length == nil } }
    /// Bytes still to come; `nil` where the length is not known.
    var missingByteCount: Int? {
        state.withLock { state in end(state.expected).map { max(0, $0 - state.position) } }
    }
    /// Whether the chunk may become longer while it is read: then as much counts as there was at first.
    var isGrowing: Bool {
        get { state.withLock { $0.isGrowing } }
        set { state.withLock { $0.isGrowing = newValue } }
    }
    /// The server that was asked, too, because the first one let wait.
    var hedge: String? {
        get { state.withLock { $0.hedge } }
        set { state.withLock { $0.hedge = newValue } }
    }
    /// All servers are asked, once more.
    // Not inlined behind a suspension, like the next two (docs/decisions/0032).
    @inline(never)
    func beginRound() { state.withLock { $0.failed = [] } }

    /// The server has not given its bytes to the end.
    @inline(never)
    func noteFailure(of server: String) { state.withLock { _ = $0.failed.insert(server) } }

    /// Whether it has failed in this round.
    @inline(never)
    func hasFailed(_ server: String) -> Bool { state.withLock { $0.failed.contains(server) } }

    /// Servers that seem to hold wrong bytes of the chunk.
    var suspects: [String] { state.withLock { $0.suspects } }

    /// The server gives bytes that are taken.
    func noteGiver(_ server: String) {
        state.withLock { if !$0.givers.contains(server) { $0.givers.append(server) } }
    }

    /// The server has given bytes that cannot be right, or said that it has.
    func suspect(_ server: String) {
        state.withLock { if !$0.suspects.contains(server) { $0.suspects.append(server) } }
    }

    /// What went wrong with the local file: no replica can help.
    var localError: DFSError? {
        get { state.withLock { $0.localError } }
        set { state.withLock { $0.localError = newValue } }
    }
    /// What the last replica failed with.
    var lastError: DFSError? {
        get { state.withLock { $0.lastError } }
        set { state.withLock { $0.lastError = newValue } }
    }

    /// Takes what a Swift server says of its replica.
    ///
    /// - Throws: ``DFSError`` of code ``DFSError/Code/dataLoss`` where that is another chunk than expected.
    func learn(_ stored: StoredChunk?) throws(DFSError) {
        guard let stored else { return }
        let isOther = state.withLock { state in
            let expected = state.expected
            if state.isGrowing, let length = expected.length { return stored.length < length }
            if let length = expected.length, length != stored.length { return true }
            if let crc32c = expected.crc32c, let other = stored.crc32c, crc32c != other { return true }
            state.expected = Expectation(length: stored.length, crc32c: expected.crc32c ?? stored.crc32c)
            return false
        }
        if isOther {
            throw DFSError(
                .dataLoss, "the replica has length \(stored.length) and another checksum or length than the file",
                advice: .tryOtherReplica)
        }
    }

    /// Takes what reading a whole replica has found, where nobody else knows what the chunk must be.
    ///
    /// - Throws: ``DFSError`` of code ``DFSError/Code/dataLoss`` where that is another chunk than expected.
    func take(_ measure: ReplicaMeasure) throws(DFSError) {
        let isOther = state.withLock { state in
            let expected = state.expected
            if let length = expected.length, length != measure.length { return true }
            if let crc32c = expected.crc32c, crc32c != measure.crc32c { return true }
            state.isMeasured = state.isMeasured || expected.length == nil || expected.crc32c == nil
            state.expected = Expectation(length: measure.length, crc32c: measure.crc32c)
            return false
        }
        if isOther {
            throw DFSError(
                .dataLoss, "the replica on \(measure.server) has other bytes than the file",
                advice: .tryOtherReplica)
        }
    }

    /// An open chunk was sealed: now it is known what it must be. What has come is the beginning of it.
    func settle(_ expected: Expectation) {
        state.withLock { state in
            (state.expected, state.isGrowing, state.isMeasured) = (expected, false, false)
        }
    }

    /// Forgets what was fetched: the chunk is another than it seemed.
    func restart(expectingLength length: Int, crc32c: UInt32) {
        state.withLock { state in
            state = State(
                expected: Expectation(length: length, crc32c: crc32c), position: wanted.lowerBound, isMeasured: true)
        }
    }

    /// Counts the next bytes of the chunk.
    func append(crc32c: UInt32, byteCount: Int) {
        state.withLock { state in
            state.crc32c = CRC32C.combined(state.crc32c, crc32c, secondByteCount: byteCount)
            state.position += byteCount
        }
    }

    /// Where the bytes that are wanted end; `nil` where nobody has said how long the chunk is.
    private func end(_ expected: Expectation) -> Int? {
        expected.length.map { max(wanted.lowerBound, min($0, wanted.upperBound)) }
    }

    /// The stream has ended well: is the chunk what it must be? If not, all of it is fetched anew, since nobody knows
    /// which replica gave the wrong bytes. Of a part of a chunk only the length can be told.
    func checkWhole() throws(DFSError) {
        let fault = state.withLock { state -> String? in
            if let end = end(state.expected), end != state.position {
                return "it ended after \(state.position) of \(end) bytes"
            }
            guard wanted.lowerBound == 0, wanted.upperBound >= state.position,
                end(state.expected) == state.expected.length
            else { return nil }
            if let crc32c = state.expected.crc32c, crc32c != state.crc32c {
                if !isRewritable {
                    state.localError = DFSError(
                        .dataLoss, "bytes that were passed on already do not match their chunk's checksum",
                        advice: .giveUp)
                }
                // Nobody knows which of them it was.
                for giver in state.givers where !state.suspects.contains(giver) { state.suspects.append(giver) }
                (state.position, state.crc32c) = (0, 0)
                return "its bytes do not match the chunk's checksum"
            }
            state.isVerified =
                !state.isMeasured && state.expected.length != nil && state.expected.crc32c != nil
            return nil
        }
        if let fault { throw DFSError(.dataLoss, fault, advice: .tryOtherReplica) }
    }
}
