import DFSCore

/// What a walk through a tree comes to next.
enum TreeStep: Sendable {
    /// A file to move, of so many bytes; 0 where nobody knows.
    case file(String, length: Int)
    /// A folder that is to be there, too; what is in it follows.
    case folder(String)
    /// Nothing to move.
    case other(TreeEvent)
}

/// Goes through a tree, a step at a time, so that what is in it need not be in memory.
protocol TreeWalk {
    /// `nil` at the end.
    mutating func next() async throws -> TreeStep?
    /// Leaves out what is in the folder of the last step.
    mutating func skipFolder()
}

/// Moves what a walk comes to: folders one by one, files several at a time.
///
/// Small files wait mostly for disks and for the master, who serve many of them with one sync. A large one takes the place of
/// several, so that what is in memory stays within what ``slotSize`` times the places comes to.
struct TreeTransfer: Sendable {
    /// Bytes of a file for which one place is enough.
    private static let slotSize = 4 << 20
    /// The most that a file takes.
    private static let maxSlots = 4

    /// Small files that move at once; at least one file does, however large.
    let filesInFlight: Int
    let makeFolder: @Sendable (String) async throws -> Void
    /// Moves a file; returns its length.
    let move: @Sendable (String) async throws -> Int

    /// Goes on whatever fails; only being cancelled ends it, with that error. Whatever was moved until then is told, too.
    func run(_ walk: some TreeWalk, _ onEvent: TreeHandler) async throws -> TreeResult {
        var walk = walk
        return try await withThrowingTaskGroup(of: (TreeEvent, slots: Int).self) { tasks in
            var result = TreeResult()
            func take(_ event: TreeEvent) {
                result.add(event)
                onEvent(event)
            }
            var taken = 0
            do {
                while let step = try await walk.next() {
                    try Task.checkCancellation()
                    switch step {
                    case .file(let path, let length):
                        let slots = min(Self.maxSlots, 1 + length / Self.slotSize)
                        while taken > 0, taken + slots > filesInFlight, let (event, freed) = try await tasks.next() {
                            take(event)
                            taken -= freed
                        }
                        taken += slots
                        tasks.addTask { (try await movedFile(path), slots) }
                    case .folder(let path):
                        guard let failure = try await folderFailure(path) else { continue }
                        take(failure)
                        walk.skipFolder()
                    case .other(let event): take(event)
                    }
                }
                while let (event, _) = try await tasks.next() { take(event) }
            } catch {
                tasks.cancelAll()
                while let rest = await tasks.nextResult() {
                    if case .success(let (event, _)) = rest { take(event) }
                }
                throw error
            }
            return result
        }
    }

    private func movedFile(_ path: String) async throws -> TreeEvent {
        do {
            return .moved(path: path, length: try await move(path))
        } catch {
            try Task.checkCancellation()
            return .failed(path: path, DFSError(error, from: path))
        }
    }

    /// `nil` where the folder is there.
    private func folderFailure(_ path: String) async throws -> TreeEvent? {
        do {
            try await makeFolder(path)
            return nil
        } catch {
            try Task.checkCancellation()
            return .failed(path: path, DFSError(error, from: path))
        }
    }
}
