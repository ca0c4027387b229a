/// Waits until `condition` gives a value, looking every few milliseconds.
///
/// - Throws: ``FixtureError`` that names `what` after `limit`.
func eventually<Value: Sendable>(
    within limit: Duration = .seconds(30), _ what: String, _ condition: () async throws -> Value?
) async throws -> Value {
    let start = ContinuousClock.now
    while true {
        if let value = try await condition() { return value }
        if ContinuousClock.now - start > limit { throw FixtureError("\(what) did not happen within \(limit)") }
        try await Task.sleep(for: .milliseconds(5))
    }
}

/// Waits until `condition` holds.
func eventually(within limit: Duration = .seconds(30), _ what: String, holds: () async throws -> Bool) async throws {
    _ = try await eventually(within: limit, what) { try await holds() ? true : nil }
}
