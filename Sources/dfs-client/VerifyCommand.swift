import ArgumentParser
import DFSClient
import DFSCommandLine
import DFSCore
import Logging

/// `verify [-quick] [-json] [-dir <folder>]... <receipt>...`
struct VerifyCommand: ProgramCommand {
    static let configuration = CommandConfiguration.program(
        "verify", summary: "Prove what put -receipt has noted: by the cluster, or by folders of chunk servers.",
        discussion: """
            Without -dir the master is asked for each file, and every copy on a live server is read and summed. With -dir no \
            node is asked: each chunk must stand in at least one of the folders, and every copy there must be right.

            One line for each thing that is missing or different: name, kind, chunk, place, what was found. The last line \
            counts the receipts. Exit status: 0 all are proven, 1 some are not.
            """)
    static let flags = [quickFlag, foldersFlag]
    private static let quickFlag = FlagDeclaration.toggle(
        "quick", help: "verify: compare what the master knows, or with -dir the lengths, and read no copy.")
    private static let foldersFlag = FlagDeclaration.values(
        "dir", String.self, help: "verify: look into this folder of a chunk server; may be repeated.",
        placeholder: "folder")

    @Argument(help: "Files that put -receipt has written.") var receipts: [String]
    @Flag(Self.quickFlag) var isQuick = false
    @Option(Self.foldersFlag) var folders: [String] = []
    @OptionGroup var output: OutputOptions
    @OptionGroup var client: ClientOptions
    @OptionGroup var shared: SharedOptions

    /// Receipts by what came of them.
    private struct Counts {
        var proven = 0
        var notProven = 0
        var problems = 0
    }

    func execute(logger: Logger) async throws {
        let check: ReceiptCheck = isQuick ? .quick : .full
        guard folders.isEmpty else {
            let verification = FolderVerification(folders: folders)
            return try await verify { try verification.verify($0, check) }
        }
        try await client.withClient(logger: logger) { client in
            try await verify { try await client.verify($0, check) }
        }
    }

    private func verify(_ problems: (Receipt) async throws -> [ReceiptProblem]) async throws {
        var counts = Counts()
        for path in receipts {
            try await ReceiptFile(path).forEach { number, receipt in
                let found =
                    switch receipt {
                    case .success(let receipt): try await problems(receipt)
                    case .failure(let error):
                        [ReceiptProblem(.unreadable, "line \(number)", place: path, error.message)]
                    }
                if found.isEmpty { counts.proven += 1 } else { counts.notProven += 1 }
                counts.problems += found.count
                for problem in found { try show(problem) }
            }
        }
        try show(counts)
        try StandardOutput.flush()
        guard counts.notProven == 0 else {
            throw DFSError(
                .failedPrecondition,
                "\(counts.notProven) of \(counts.proven + counts.notProven) receipts are not proven")
        }
        guard counts.proven > 0 else {
            throw DFSError(.failedPrecondition, "\(receipts.joined(separator: ", ")) holds no receipt")
        }
    }

    private func show(_ problem: ReceiptProblem) throws {
        if output.isJSON {
            try StandardOutput.print(
                JSONText.object([
                    ("name", .text(problem.name)), ("kind", .text(problem.kind.rawValue)),
                    ("chunk", problem.chunkID.map { .text($0) } ?? .null),
                    ("place", problem.place.map { .text($0) } ?? .null), ("message", .text(problem.message)),
                ]))
        } else {
            let place = [problem.chunkID.map { "chunk \($0)" }, problem.place].compactMap { $0 }
            try StandardOutput.print(
                ([problem.name, problem.kind.rawValue] + place + [problem.message]).joined(separator: ": "))
        }
    }

    private func show(_ counts: Counts) throws {
        if output.isJSON {
            try StandardOutput.print(
                JSONText.object([
                    ("receipts", .number(counts.proven + counts.notProven)), ("proven", .number(counts.proven)),
                    ("problems", .number(counts.problems)),
                ]))
        } else {
            try StandardOutput.print(
                "\(counts.proven + counts.notProven) receipts: \(counts.proven) proven, \(counts.notProven) not")
        }
    }
}
