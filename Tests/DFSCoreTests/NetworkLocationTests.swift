import DFSCore
import Testing

@Suite struct NetworkLocationTests {
    @Test(arguments: ["", "/", "dc1", "dc1/rack", "//x", "/a/", "/a//b", "/a b", "/ä", "/1/2/3/4/5/6/7/8/9", "/a\u{0}"])
    func whatIsNoLocationIsRefusedByName(text: String) {
        let error = #expect(throws: DFSError.self) { try NetworkLocation(text) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains("such as /dc1/rack7/host3") == true)
    }

    @Test func theRackIsAllButTheLastPart() throws {
        #expect(try NetworkLocation("/dc1/rack7/host3").rack == "/dc1/rack7")
        #expect(try NetworkLocation("/host").rack == "")
        #expect(NetworkLocation(host: "10.0.0.1").rack == "/default-rack")
    }

    @Test(arguments: [
        ("/a/b/c", "/a/b/c", 0), ("/a/b/c", "/a/b/d", 2), ("/a/b/c", "/a/x/c", 4), ("/a/b/c", "/z/b/c", 6),
        ("/a", "/a/b", 1),
    ])
    func distanceCountsStepsOverTheFirstSharedPart(left: String, right: String, steps: Int) throws {
        #expect(try NetworkLocation(left).distance(to: NetworkLocation(right)) == steps)
        #expect(try NetworkLocation(right).distance(to: NetworkLocation(left)) == steps)
    }
}
