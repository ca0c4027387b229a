import DFSCore
import Testing

@testable import DFSMetadata

/// The choice of servers against the rules as they are written down: each round anew, of all that are left.
@Suite struct PlacementModelTests {
    @Test(arguments: 1...300) func placementIsWhatTheRulesSay(_ seed: UInt64) throws {
        var dice = SeededGenerator(seed: seed)
        let servers = try cluster(&dice)
        func someLocations() -> [NetworkLocation] {
            (0..<Int.random(in: 0...3, using: &dice)).map { _ in
                servers[Int.random(in: 0..<servers.count, using: &dice)].location
            }
        }
        let placement = Placement(
            bytes: 64 << 20, excluded: Bool.random(using: &dice) ? [] : [servers[0].handle], taken: someLocations(),
            writer: someLocations().first)
        let count = Int.random(in: 1...4, using: &dice)
        var (random, same) = (SeededGenerator(seed: seed), SeededGenerator(seed: seed))
        let chosen = placement.choose(count, from: servers, using: &random)
        #expect(chosen == model(placement, count, servers, &same))
        #expect(random.next() == same.next(), "chance is used alike")
    }

    private func cluster(_ dice: inout SeededGenerator) throws -> [Server] {
        let now = MonotonicInstant(nanoseconds: 0)
        return try (0..<Int.random(in: 1...12, using: &dice)).map { number in
            var server = Server(
                handle: ServerHandle(rawValue: UInt16(number)), address: try ServerAddress(":\(number + 1)"),
                location: try NetworkLocation(
                    "/r\(Int.random(in: 0...2, using: &dice))/h\(Int.random(in: 0...5, using: &dice))"),
                lastHeard: now, aliveSince: now, connectedAt: now)
            server.isAlive = Int.random(in: 0...9, using: &dice) > 0
            server.adminState = Int.random(in: 0...9, using: &dice) > 0 ? .normal : .maintenance
            server.stream = Int.random(in: 0...3, using: &dice) > 0 ? StreamToken(rawValue: UInt64(number)) : nil
            server.freeBytes = UInt64.random(in: 0...4, using: &dice) << 30
            server.reservedBytes = UInt64.random(in: 0...2, using: &dice) << 29
            return server
        }
    }

    private func model(
        _ placement: Placement, _ count: Int, _ servers: [Server], _ random: inout SeededGenerator
    ) -> [ServerHandle] {
        var left = servers.filter {
            $0.isAlive && $0.adminState == .normal && $0.availableBytes >= placement.bytes
                && !placement.excluded.contains($0.handle)
        }
        left.shuffle(using: &random)
        let average = left.reduce(into: 0.0) { $0 += Double($1.promisedBytes) } / Double(max(1, left.count))
        let fair = UInt64(2 * average) + 4 * placement.bytes
        var chosen: [Server] = []
        while chosen.count < count, !left.isEmpty {
            let taken = placement.taken + chosen.map(\.location)
            func rank(_ server: Server) -> [UInt64] {
                let isClose = taken.contains { $0.rack == server.location.rack }
                let closeness: UInt64 =
                    taken.contains(server.location)
                    ? 3 : isClose ? 2 : taken.isEmpty && placement.writer != server.location ? 1 : 0
                return [
                    (server.stream == nil ? 4 : 0) + closeness, server.promisedBytes > fair ? 1 : 0,
                    .max - server.availableBytes,
                ]
            }
            let best = left.indices.min { rank(left[$0]).lexicographicallyPrecedes(rank(left[$1])) }
            if let best { chosen.append(left.remove(at: best)) }
        }
        guard var here = placement.writer else { return chosen.map(\.handle) }
        var way: [ServerHandle] = []
        while let next = chosen.indices.min(by: {
            here.distance(to: chosen[$0].location) < here.distance(to: chosen[$1].location)
        }) {
            here = chosen[next].location
            way.append(chosen.remove(at: next).handle)
        }
        return way
    }
}
