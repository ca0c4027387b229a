import HTTP2

/// The calls of one connection by stream number.
struct CallTable<Call: AnyObject> {
    private let objects = ObjectTable()

    var count: Int { objects.count }
    var isEmpty: Bool { objects.count == 0 }
    // Nothing but calls is ever put in; a checked cast costs as much as the look-up.
    var values: [Call] { objects.values.map { unsafeDowncast($0, to: Call.self) } }

    subscript(id: Int32) -> Call? { objects[id].map { unsafeDowncast($0, to: Call.self) } }

    /// `id` is not in the table.
    func insert(_ call: Call, for id: Int32) { objects.insert(call, for: id) }

    func remove(_ id: Int32) -> Call? { objects.remove(id).map { unsafeDowncast($0, to: Call.self) } }

    func removeAll() { objects.removeAll() }
}
