import Foundation
import Glibc

/// Where the binaries under test are: beside the test bundle, or in the folder that `DFS_BIN` names.
enum BuiltBinaries {
    static let folder: String = {
        if let chosen = ProcessInfo.processInfo.environment["DFS_BIN"] { return chosen }
        for start in [CommandLine.arguments[0], "/proc/self/exe"] {
            let folder = URL(fileURLWithPath: start).resolvingSymlinksInPath().deletingLastPathComponent().path
            if access("\(folder)/dfs-master", X_OK) == 0 { return folder }
        }
        return ".build/debug"
    }()

    static let master = "\(folder)/dfs-master"
    static let chunkServer = "\(folder)/dfs-chunkserver"
    static let client = "\(folder)/dfs-client"
    static let example = "\(folder)/sdk-example"
}
