import Foundation
import Testing

/// The transcripts beside this file are what the master does, for reading. After a change of behaviour, run the tests with
/// `DFS_REWRITE_TRANSCRIPTS=1` and review the difference.
@Suite struct TranscriptTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Transcripts")

    static var names: [String] {
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: folder.path())) ?? []
        return entries.filter { $0.hasSuffix(".txt") }.sorted()
    }

    @Test(arguments: names)
    func transcriptIsWhatTheMasterDoes(_ name: String) throws {
        let file = Self.folder.appending(path: name)
        let expected = try String(contentsOf: file, encoding: .utf8)
        let actual = try Transcript.run(expected)
        if ProcessInfo.processInfo.environment["DFS_REWRITE_TRANSCRIPTS"] != nil {
            try actual.write(to: file, atomically: true, encoding: .utf8)
        } else {
            #expect(actual == expected)
        }
    }

    @Test func thereAreTranscripts() {
        #expect(Self.names.count >= 6)
    }
}
