/// Elements that wait in places, each in one place at most: the most urgent first, of equals the one that waited longest.
///
/// Every operation costs a few hashes, and a waiting element some 30 bytes: there may be millions after a server has died. What
/// is taken out or moved is only forgotten; its old entry is passed over later, or swept when such entries are the most.
struct RiskQueue<Element: Hashable & Sendable>: Sendable {
    private struct Lane: Hashable {
        let place: WaitingPlace
        let risk: Risk
    }

    private struct Standing {
        let lane: Lane
        /// Tells its entry from older ones in the same line.
        let ticket: UInt32
    }

    private struct Item {
        let element: Element
        let ticket: UInt32
    }

    private struct Line: Sendable {
        var items: [Item] = []
        var head = 0
        /// Elements that wait here; the other items are forgotten ones.
        var count = 0
    }

    private var lines: [Lane: Line] = [:]
    private var standings: [Element: Standing] = [:]
    private var lastTicket: UInt32 = 0
    private var counts: [Risk: Int] = [:]
    /// How many wait in each place; no entry for none.
    private(set) var countsByPlace: [WaitingPlace: Int] = [:]

    /// Elements in all places.
    var count: Int { standings.count }

    func count(of risk: Risk) -> Int { counts[risk] ?? 0 }

    func count(in place: WaitingPlace) -> Int { countsByPlace[place] ?? 0 }

    /// Puts `element` at the end of those of its risk in `place`, from wherever it waits; nothing changes where that is there.
    mutating func put(_ element: Element, _ risk: Risk, in place: WaitingPlace) {
        let lane = Lane(place: place, risk: risk)
        guard standings[element]?.lane != lane else { return }
        remove(element)
        lastTicket &+= 1
        standings[element] = Standing(lane: lane, ticket: lastTicket)
        counts[risk, default: 0] += 1
        countsByPlace[place, default: 0] += 1
        lines[lane, default: Line()].items.append(Item(element: element, ticket: lastTicket))
        lines[lane, default: Line()].count += 1
        sweep(lane)
    }

    /// Takes the element of `place` that is most urgent, no less than `limit`.
    mutating func popFirst(in place: WaitingPlace, within limit: ClosedRange<Risk>? = nil) -> (Element, Risk)? {
        guard count(in: place) > 0 else { return nil }
        for risk in Risk.all where limit?.contains(risk) ?? true {
            let lane = Lane(place: place, risk: risk)
            while let line = lines[lane], line.count > 0 {
                let item = line.items[line.head]
                lines[lane]?.head += 1
                guard waits(item) else { continue }
                remove(item.element)
                return (item.element, risk)
            }
        }
        return nil
    }

    /// Takes `element` out, wherever it waits.
    mutating func remove(_ element: Element) {
        guard let lane = standings.removeValue(forKey: element)?.lane else { return }
        counts[lane.risk, default: 1] -= 1
        let left = count(in: lane.place) - 1
        countsByPlace[lane.place] = left > 0 ? left : nil
        lines[lane]?.count -= 1
        if lines[lane]?.count == 0 { lines[lane] = nil } else { sweep(lane) }
    }

    /// Puts `element` among those of files that are being read, where it waits.
    mutating func hasten(_ element: Element) {
        guard let lane = standings[element]?.lane else { return }
        put(element, lane.risk.whenRead, in: lane.place)
    }

    /// Drops the entries before the head, and those of elements that wait elsewhere by now, when they are more than half.
    private mutating func sweep(_ lane: Lane) {
        guard let line = lines[lane], line.items.count > 64 else { return }
        if line.items.count - line.head > 2 * line.count {
            lines[lane] = Line(items: line.items[line.head...].filter { waits($0) }, count: line.count)
        } else if line.head > line.items.count / 2 {
            lines[lane] = Line(items: Array(line.items[line.head...]), count: line.count)
        }
    }

    private func waits(_ item: Item) -> Bool { standings[item.element]?.ticket == item.ticket }
}
