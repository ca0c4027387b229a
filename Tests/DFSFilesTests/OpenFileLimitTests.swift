import Glibc
import Testing

@testable import DFSFiles

@Suite struct OpenFileLimitTests {
    @Test func theLimitIsRaisedAsFarAsItMayBe() throws {
        var before = rlimit()
        try #require(getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &before) == 0)
        var low = before
        low.rlim_cur = before.rlim_max - 1
        try #require(setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &low) == 0)
        defer { _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &before) }
        #expect(OpenFileLimit.raise() == UInt64(before.rlim_max))
        var after = rlimit()
        _ = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &after)
        #expect(after.rlim_cur == before.rlim_max)
    }
}
