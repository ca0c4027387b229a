import DFSClient
import DFSCommandLine
import DFSCore

/// Shows how far a chunk server has come on its way out of service.
struct ServerLines {
    let isJSON: Bool

    func show(_ progress: ServerProgress) throws {
        if isJSON { return try StandardOutput.print(JSONText.object(json(progress))) }
        try StandardOutput.print(headline(progress))
        for chunk in progress.examples {
            try StandardOutput.print("  \(chunk.id) \(chunk.copies)/\(chunk.wanted) \(chunk.path)")
        }
        let more = progress.blockingCount - progress.examples.count
        if more > 0 { try StandardOutput.print("  and \(more) more") }
    }

    private func headline(_ progress: ServerProgress) -> String {
        let end = progress.duty == .maintenance ? " for \(progress.secondsLeft) s more" : ""
        let line = "\(progress.server) \(progress.duty.rawValue)\(end)"
        if progress.duty == .normal { return line }
        if progress.isReady { return line + ": can be stopped" }
        let blocking =
            progress.blockingCount > 0 ? ": \(progress.blockingCount) chunks need copies elsewhere" : ": not yet"
        return line + blocking + (progress.reason.isEmpty ? "" : "; \(progress.reason)")
    }

    private func json(_ progress: ServerProgress) -> [(String, JSONText)] {
        [
            ("server", .text(progress.server)), ("state", .text(progress.duty.rawValue)),
            ("isReady", .flag(progress.isReady)), ("secondsLeft", .number(progress.secondsLeft)),
            ("blocking", .number(progress.blockingCount)), ("reason", .text(progress.reason)),
            (
                "examples",
                .list(
                    progress.examples.map { chunk in
                        .members([
                            ("chunk", .text(chunk.id)), ("path", .text(chunk.path)), ("copies", .number(chunk.copies)),
                            ("wanted", .number(chunk.wanted)),
                        ])
                    })
            ),
        ]
    }
}
