import Foundation

/// A whole text file.
func readText(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }
