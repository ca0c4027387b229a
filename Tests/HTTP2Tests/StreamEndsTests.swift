import Testing

@testable import HTTP2

@Suite struct StreamEndsTests {
    private static func frame(_ type: UInt8, flags: UInt8 = 0, length: Int) -> [UInt8] {
        [UInt8(length >> 16), UInt8(length >> 8 & 0xFF), UInt8(length & 0xFF), type, flags, 0, 0, 0, 1]
            + [UInt8](repeating: 0xFF, count: length)
    }

    private static let preface = [UInt8](repeating: 0x2A, count: 24)
    private static let headers = frame(1, flags: 4, length: 30)
    private static let lastData = frame(0, flags: 1, length: 21)
    private static let reset = frame(3, length: 4)

    private func pieces(_ bytes: [UInt8], _ ends: inout StreamEnds) -> [Int] {
        var counts: [Int] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = Array(rest).withUnsafeBytes { ends.next(in: $0) }
            counts.append(count)
            guard (1...rest.count).contains(count) else { break }
            rest = rest.dropFirst(count)
        }
        return counts
    }

    @Test func requestsAreTakenOneByOne() {
        var ends = StreamEnds(role: .server)
        let call = Self.headers + Self.lastData
        #expect(pieces(Self.preface + call + call + call, &ends) == [24 + call.count, call.count, call.count])
    }

    /// So that the handler of a call that is reset at once does not start.
    @Test func whatFollowsARequestIsTakenWithIt() {
        var ends = StreamEnds(role: .client)
        let call = Self.headers + Self.lastData + Self.reset
        #expect(pieces(call + call, &ends) == [call.count, call.count])
    }

    @Test func dataWithoutAnEndIsOnePiece() {
        var ends = StreamEnds(role: .client)
        let data = Self.headers + Self.frame(0, length: 70_000) + Self.headers + Self.frame(0, length: 0)
        #expect(pieces(data, &ends) == [data.count])
    }

    @Test func everyCutIsFollowed() {
        let call = Self.headers + Self.lastData
        let bytes = Self.preface + call + call
        for cut in 1..<bytes.count {
            var ends = StreamEnds(role: .server)
            let counts = pieces(Array(bytes[..<cut]), &ends) + pieces(Array(bytes[cut...]), &ends)
            #expect(counts.reduce(0, +) == bytes.count)
            // A third call is cut off behind the second, wherever the bytes before were cut.
            #expect(pieces(call + call, &ends) == [call.count, call.count])
        }
    }
}
