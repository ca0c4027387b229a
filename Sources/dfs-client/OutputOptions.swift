import ArgumentParser
import DFSClient
import DFSCommandLine
import DFSCore

/// How listings are written.
struct OutputOptions: ParsableArguments, Sendable {
    private static let jsonFlag = FlagDeclaration.toggle("json", help: "Listings: one JSON object a line.")
    static let flags = [jsonFlag]

    @Flag(Self.jsonFlag) var isJSON = false
}

/// A time in seconds since 1970 as listings show it (RFC 3339); `-` for 0, a time that nobody knows.
func time(_ seconds: Int) -> String {
    seconds == 0 ? "-" : WallTime(seconds: seconds, nanoseconds: 0).shortest
}

extension FileStatus {
    /// One line; the members are those of the type, times in seconds since 1970.
    func json(path: String, _ more: [(String, JSONText)] = []) -> String {
        var members: [(String, JSONText)] =
            more + [("path", .text(path)), ("type", .text(isFolder ? "folder" : "file"))]
        if !isFolder {
            members += [
                ("length", .number(length)), ("replication", .number(replication)), ("chunks", .number(chunkCount)),
                ("modifiedAt", .number(modifiedAt)), ("isAppended", .flag(isAppended)),
            ]
        }
        members.append(("createdAt", .number(createdAt)))
        return JSONText.object(members)
    }
}
