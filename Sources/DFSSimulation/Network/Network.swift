import DFSCore

/// Messages between parties: late, lost with their connection, in another order than they were sent over other connections,
/// or cut off in one direction. It also holds who is up, and who stands still.
final class Network {
    private let agenda: Agenda
    private let dice: Dice
    private let trace: Trace
    private let scenario: Scenario
    private let count: (Fault) -> Void
    /// How often each party has started; nobody is up before.
    private var lives: [Party: Int] = [:]
    private var up: Set<Party> = []
    private var stillUntil: [Party: UInt64] = [:]
    private var cuts: Set<Link> = []
    /// Whether anything goes wrong by chance.
    var isStormy = true

    init(_ agenda: Agenda, _ dice: Dice, _ trace: Trace, _ scenario: Scenario, count: @escaping (Fault) -> Void) {
        self.agenda = agenda
        self.dice = dice
        self.trace = trace
        self.scenario = scenario
        self.count = count
    }

    // MARK: Parties

    func isUp(_ party: Party) -> Bool { up.contains(party) }

    /// Numbers the starts of a party.
    func life(of party: Party) -> Int { lives[party, default: 0] }

    func start(_ party: Party) {
        lives[party, default: 0] += 1
        up.insert(party)
    }

    /// From now on nothing happens at the party that was planned by it or on its way to it.
    func stop(_ party: Party) {
        lives[party, default: 0] += 1
        up.remove(party)
        stillUntil[party] = nil
    }

    /// The party does nothing for so long, though its clock goes on, as a process that is swapped out.
    func standStill(_ party: Party, for duration: Duration) {
        stillUntil[party] = agenda.now + UInt64(duration.nanoseconds)
    }

    /// Plans something at a party: not before it can move, and not when it has stopped meanwhile.
    func at(_ party: Party, after delay: Duration, _ body: @escaping () -> Void) {
        let life = life(of: party)
        agenda.after(delay) { [self] in whenMoving(party, life, body) }
    }

    private func whenMoving(_ party: Party, _ life: Int, _ body: @escaping () -> Void) {
        guard self.life(of: party) == life, isUp(party) else { return }
        if let end = stillUntil[party], end > agenda.now {
            agenda.after(.nanoseconds(Int64(end - agenda.now))) { [self] in whenMoving(party, life, body) }
        } else {
            body()
        }
    }

    // MARK: Links

    func cut(_ link: Link) {
        cuts.insert(link)
        trace.note("cut \(link.source) to \(link.target)")
    }

    func mend(_ link: Link) { cuts.remove(link) }

    func mendAll() {
        cuts = []
        stillUntil = [:]
    }

    func isCut(_ source: Party, _ target: Party) -> Bool { cuts.contains(Link(source: source, target: target)) }

    func delay() -> Duration {
        dice.milliseconds(0...max(1, dice.chance(100) ? scenario.longestDelayMilliseconds : 3))
    }

    /// Sends something one way.
    ///
    /// - Parameters:
    ///   - lost: called where it is not going to arrive, after the time in which the sender would learn of that by itself; the
    ///     sender may have stopped.
    func send(_ source: Party, _ target: Party, _ arrived: @escaping () -> Void, lost: @escaping () -> Void = {}) {
        if isCut(source, target) { return }
        if isStormy, dice.chance(scenario.lossPerMille) {
            count(.messageLost)
            return
        }
        let life = life(of: target)
        agenda.after(delay()) { [self] in
            // With the process its connections went.
            guard isUp(target), self.life(of: target) == life else { return agenda.after(delay(), lost) }
            whenMoving(target, life, arrived)
        }
    }

    /// Makes a call: `handle` runs at the target, maybe twice where `isRepeatable`, and `then` once at the caller, with the
    /// answer or with why there is none within `limit`; then it may have been carried out all the same.
    func call<Answer>(
        _ source: Party, _ target: Party, limit: Duration, isRepeatable: Bool = false,
        handle: @escaping (_ answer: @escaping (Result<Answer, DFSError>) -> Void) -> Void,
        then: @escaping (Result<Answer, DFSError>) -> Void
    ) {
        let life = life(of: source)
        var isOver = false
        let finish = { [self] (answer: Result<Answer, DFSError>) in
            if isOver { return }
            isOver = true
            whenMoving(source, life) { then(answer) }
        }
        agenda.after(limit) { [self] in
            if !isOver { count(.callTimedOut) }
            finish(.failure(DFSError(.unavailable, "no answer in time")))
        }
        let times = isRepeatable && isStormy && dice.chance(10) ? 2 : 1
        if times == 2 { count(.callRepeated) }
        for _ in 0..<times {
            send(source, target) { [self] in
                let answerer = self.life(of: target)
                handle { [self] answer in
                    guard self.life(of: target) == answerer else { return }
                    send(target, source) { finish(answer) }
                }
            } lost: {
                finish(.failure(DFSError(.unavailable, "\(target) is down")))
            }
        }
    }
}
