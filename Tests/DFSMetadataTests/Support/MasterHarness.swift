import DFSCore
import Testing

@testable import DFSMetadata

/// A master state with everything around it that a test needs: a clock to set, tokens, and a store's image that is folded
/// from what the state persists. After each input it checks what must always hold.
struct MasterHarness {
    private(set) var state: MasterState
    /// What a store would hold now.
    private(set) var image: MetadataImage
    private(set) var now = MonotonicInstant(nanoseconds: 0)
    let policy: ClusterPolicy
    private let seed: UInt64
    private var lastCall: UInt64 = 0

    init(policy: ClusterPolicy = ClusterPolicy(), seed: UInt64 = 1, image: MetadataImage = .init(clusterID: "test")) {
        self.policy = policy
        self.seed = seed
        self.image = image
        state = Self.recover(image, policy, seed, now)
    }

    /// Time passes in which the master is at work, and nothing comes of it.
    mutating func pass(_ duration: Duration) {
        now = now + duration
        state.listenedAt = now
    }

    /// Time passes in which the master decides nothing: its process or its machine is stopped, or its disk hangs.
    mutating func standStill(_ duration: Duration) { now = now + duration }

    /// Kills the master and starts another one on what was durable.
    mutating func restart() {
        state = Self.recover(image, policy, seed &+ now.nanoseconds, now)
    }

    private static func recover(
        _ image: MetadataImage, _ policy: ClusterPolicy, _ seed: UInt64, _ now: MonotonicInstant
    ) -> MasterState {
        do {
            var recovery = MasterRecovery(policy: policy, seed: seed, now: now, location: "a test")
            for record in image.records { try recovery.add(record) }
            return try recovery.finish()
        } catch {
            preconditionFailure("the state persisted what it does not take back: \(error)")
        }
    }

    /// The calendar's time: a moment of 2026 when the harness is made.
    var wallSeconds: UInt64 { UInt64(Int(1_790_000_000 + now.nanoseconds / 1_000_000_000) - calendarLag) }
    private var calendarLag = 0

    mutating func setCalendarBack(by seconds: Int) { calendarLag += seconds }

    mutating func step(_ input: Input) -> [Effect] {
        let effects = state.step(input, now: now, wallSeconds: wallSeconds)
        for case .persist(let mutation) in effects { image.apply(mutation) }
        checkHeartbeats(input, effects)
        return effects
    }

    /// Gives an input that is to be answered, and returns the one answer with all effects.
    mutating func ask(_ make: (CallToken) -> Input) -> (answer: Result<Answer, DFSError>, effects: [Effect]) {
        lastCall += 1
        let call = CallToken(rawValue: lastCall)
        let effects = step(make(call))
        var answers: [Result<Answer, DFSError>] = []
        for case .answer(let token, let answer) in effects {
            #expect(token == call)
            answers.append(answer)
        }
        #expect(answers.count == 1)
        return (answers.first ?? .failure(DFSError(.internal, "no answer")), effects)
    }

    private func checkHeartbeats(_ input: Input, _ effects: [Effect]) {
        let stream: StreamToken
        switch input {
        case .heartbeat(_, let token), .inventory(_, let token): stream = token
        default: return
        }
        let answers = effects.compactMap { effect -> Bool? in
            if case .heartbeatResponse(stream, let batch) = effect { batch.isAnswer } else { nil }
        }
        #expect(answers == [true], "each heartbeat has exactly one response")
    }

    /// Somebody vouches for a copy, as a writer does by Complete.
    mutating func vouch(for chunk: ChunkHandle, _ digest: Digest, on server: ServerHandle) {
        state.accept(chunk, digest, on: server)
    }
}

extension ClusterPolicy {
    /// A master that starts waits for no chunk server: for tests of what is not about them.
    static var withoutSafeMode: ClusterPolicy {
        var policy = ClusterPolicy()
        policy.safeModeShare = 0
        return policy
    }
}
