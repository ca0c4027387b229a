import Foundation

/// A session in a document: commands behind `$ `, and what each prints.
struct ConsoleSession {
    struct Step: Equatable {
        let command: String
        var output = ""
    }

    /// The heading that it stands below.
    let heading: String
    private(set) var steps: [Step] = []

    /// All sessions of a document at this path below the repository, in order.
    static func all(in document: String) throws -> [ConsoleSession] {
        let file = URL(filePath: #filePath).appending(path: "../../../../\(document)").standardized
        var found: [ConsoleSession] = []
        var heading = ""
        var isInside = false
        for line in try String(contentsOf: file, encoding: .utf8).split(
            separator: "\n", omittingEmptySubsequences: false)
        {
            if isInside, line == "```" {
                isInside = false
            } else if isInside {
                found[found.count - 1].add(line)
            } else if line == "```console" {
                isInside = true
                found.append(ConsoleSession(heading: heading))
            } else if let match = line.wholeMatch(of: /#+ (.+)/) {
                heading = String(match.1)
            }
        }
        return found
    }

    private mutating func add(_ line: Substring) {
        if line.hasPrefix("$ ") {
            steps.append(Step(command: String(line.dropFirst(2))))
        } else if !steps.isEmpty {
            steps[steps.count - 1].output += line + "\n"
        }
    }
}
