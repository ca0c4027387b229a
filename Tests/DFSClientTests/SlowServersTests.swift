import DFSCore
import DFSServices
import NIOCore
import Testing

@testable import DFSClient

/// Who is called slow, by whom, and when all are put up with.
@Suite struct SlowServersTests {
    private let names = (0..<9).map { ServerAddress(host: "h", port: UInt16($0 + 1)) }

    @Test func serverThatWasSlowIsAvoidedFromThenOn() {
        var slow = SlowServers(floor: 100)
        slow.note([:], inChunk: 0)
        #expect(slow.avoided.isEmpty && slow.floor == 100)
        slow.note([names[0]: .client], inChunk: 0)
        slow.note([names[1]: .server(names[2])], inChunk: 1)
        #expect(slow.avoided == [names[0], names[1]] && slow.floor == 100)
    }

    @Test func replacementThatIsSlowAsWellEndsTheSearch() {
        var slow = SlowServers(floor: 100)
        slow.note([names[0]: .client], inChunk: 3)
        slow.note([names[1]: .client], inChunk: 3)
        #expect(slow.floor == 0 && slow.avoided.isEmpty)
        slow.note([names[2]: .client], inChunk: 4)
        #expect(slow.avoided.isEmpty)
    }

    @Test func serverThatCallsTwoOthersSlowIsTheSlowOne() {
        var slow = SlowServers(floor: 100)
        slow.note([names[1]: .server(names[0]), names[2]: .server(names[0])], inChunk: 0)
        #expect(slow.avoided == [names[0]])
        // Somebody else says so, too.
        slow.note([names[1]: .client], inChunk: 1)
        #expect(slow.avoided == [names[1], names[2]])
    }

    @Test func manySlowServersAreNotLookedFor() {
        var slow = SlowServers(floor: 100)
        for index in 0..<SlowServers.maxAvoided { slow.note([names[index]: .client], inChunk: index) }
        #expect(slow.floor == 100 && slow.avoided.count == SlowServers.maxAvoided)
        slow.note([names[8]: .client], inChunk: 8)
        #expect(slow.floor == 0)
    }

    @Test func nothingIsSlowWithoutAFloor() {
        var slow = SlowServers(floor: 0)
        slow.note([names[0]: .client], inChunk: 0)
        #expect(slow.avoided.isEmpty)
    }

    private func speed(_ rate: Int, isHeldUp: Bool = true, span: Int64 = 10) -> LinkSpeed {
        LinkSpeed(bytesPerSecond: rate, floor: 100, span: .seconds(span), isHeldUp: isHeldUp, isSlow: false)
    }

    @Test func uploadsThatAreAllSlowAreForTheNetwork() {
        var links = ClientLinks(window: .seconds(10))
        let (first, second, third) = (links.begin(), links.begin(), links.begin())
        links.note(first, to: names[0], speed(10))
        #expect(!links.areSlow(besides: names[0]))
        // Another one to the same server says nothing, nor does one that has just begun.
        links.note(second, to: names[0], speed(10))
        links.note(third, to: names[1], speed(10, span: 4))
        #expect(!links.areSlow(besides: names[0]))
        links.note(third, to: names[1], speed(10, span: 5))
        #expect(links.areSlow(besides: names[0]))
        // Who waits for its source says nothing; who is fast, that the network is.
        links.note(third, to: names[1], speed(10, isHeldUp: false))
        #expect(!links.areSlow(besides: names[0]))
        links.note(third, to: names[1], speed(10))
        let fourth = links.begin()
        links.note(fourth, to: names[2], speed(100, isHeldUp: false))
        #expect(!links.areSlow(besides: names[0]))
        links.end(fourth)
        #expect(links.areSlow(besides: names[0]))
        links.end(third)
        #expect(!links.areSlow(besides: names[0]))
    }
}
