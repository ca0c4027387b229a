import ArgumentParser
import BenchSupport
import DFSFiles
import DFSMetadata
import DFSMetadataStore
import NIOCore

/// Makes a store of many files, by the changes that a master would have made.
struct FillCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "fill", abstract: "Fill a new store.")

    @Option(help: "Folder of the store.")
    var metaDir: String
    @OptionGroup var population: PopulationOptions

    func run() throws {
        let files = population.files
        let start = NIODeadline.now()
        let store = try SQLiteMetadataStore(folder: metaDir, fileSystem: PosixFileSystem()) {
            String(repeating: "b", count: 32)
        }
        for first in stride(from: 0, to: files.count, by: 10_000) {
            try store.append(files.changes(first..<min(first + 10_000, files.count)))
        }
        try store.close()
        report(["files": Double(files.count), "seconds": Double((NIODeadline.now() - start).nanoseconds) / 1e9])
    }
}

/// Which files a filled store holds; to be the same for all commands on one store.
struct PopulationOptions: ParsableArguments {
    @Option(help: "Files in all.")
    var count = 1_000_000
    @Option(help: "How many of them are in one folder.")
    var big = 1_000_000

    @Option(help: "Chunks of each.")
    var chunks = 1

    var files: Population { Population(count: count, bigFolderCount: min(big, count), chunksPerFile: chunks) }
}
